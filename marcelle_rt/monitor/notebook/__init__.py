"""Live runs in a notebook's cell."""

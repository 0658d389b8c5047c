"""Live runs in a terminal."""

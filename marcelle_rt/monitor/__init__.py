"""Live runs in a notebook and in a terminal; DataFrames."""

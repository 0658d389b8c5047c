"""What `marcelle-rt dataset` does."""

"""What `marcelle-rt runs` does."""

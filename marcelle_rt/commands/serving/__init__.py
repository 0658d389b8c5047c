"""What `marcelle-rt serve` and `marcelle-rt jobs` do."""

"""What one backend holds of runs."""

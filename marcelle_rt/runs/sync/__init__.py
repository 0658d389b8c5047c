"""The threads that bring a backend level with a run's journal."""

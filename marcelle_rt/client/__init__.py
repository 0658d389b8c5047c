"""Talks to a Marcelle backend; knows nothing of runs."""

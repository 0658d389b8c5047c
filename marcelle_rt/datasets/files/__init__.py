"""Datasets as files that people have."""

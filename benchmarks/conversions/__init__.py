"""Benchmarks of what becomes of models for pages."""

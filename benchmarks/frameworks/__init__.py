"""Benchmarks that need PyTorch or other frameworks than Keras."""

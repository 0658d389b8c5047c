"""Frozen TensorFlow graphs, and how their ops are written for those who run them."""

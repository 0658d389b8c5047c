"""What becomes of PyTorch's modules: checkpoints, and images in pages."""

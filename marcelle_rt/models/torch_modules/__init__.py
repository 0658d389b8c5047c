"""PyTorch's modules into files on disk, and into files that a browser can run."""

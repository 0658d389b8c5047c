"""Anybody's ONNX files, made fit for the pages that load them."""

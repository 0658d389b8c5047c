"""ONNX files of anybody's, made fit for the pages that load them."""

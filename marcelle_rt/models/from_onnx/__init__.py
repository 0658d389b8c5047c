"""ONNX graphs as TF.js graph-models, without TensorFlow."""

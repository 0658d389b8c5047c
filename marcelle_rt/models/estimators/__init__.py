"""Estimators of scikit-learn and of the boosting libraries as ONNX files that pages load."""

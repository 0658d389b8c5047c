"""Every op of `keras.ops`, with its settings."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
"""One a line; `case.parse` says how."""

NOT_IN_A_MODEL = {
    "argpartition": "fails in Keras on TensorFlow for more than one row",
    "cond": "takes no symbols in Keras on TensorFlow",
    "conv_transpose": "fails in Keras; its layers are tried",
    "convert_to_numpy": "leaves the graph",
    "ctc_loss": "takes no open batch",
    "custom_gradient": "is for training",
    "dtype": "gives no tensor",
    "empty": "has no values",
    "histogram": "fails in Keras on TensorFlow",
    "is_tensor": "gives no tensor",
    "lu_factor": "fails in Keras on TensorFlow",
    "ndim": "gives no tensor",
    "rearrange": "takes no open batch",
    "shape": "is in other cases",
    "vectorize": "is not there on TensorFlow",
    "view_as_complex": "fails in Keras on TensorFlow",
    "view_as_real": "fails in Keras on TensorFlow",
}

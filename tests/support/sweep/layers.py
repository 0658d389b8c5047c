"""Every layer of Keras, with its settings."""

from __future__ import annotations

from pathlib import Path

CASES = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
"""One a line; `case.parse` says how."""

NOT_IN_A_MODEL = {
    "FlaxLayer": "runs on JAX",
    "InputLayer": "is in every case",
    "InputSpec": "is not a layer",
    "JaxLayer": "runs on JAX",
    "Layer": "computes nothing",
    "MaxNumBoundingBoxes": "is for bounding boxes",
    "StringLookup": "takes texts",
    "TFSMLayer": "holds a SavedModel",
    "TextVectorization": "takes texts",
    "TorchModuleWrapper": "runs on PyTorch",
    "Wrapper": "computes nothing",
    "Equalization": "takes images of whole numbers only",
}

"""Which kind of model one is, told without importing any framework."""

from __future__ import annotations

import sys
from typing import Any

KERAS, TORCH, ESTIMATOR = "keras", "torch", "estimator"

_KERAS = ("keras", "tf_keras")
_ESTIMATORS = ("sklearn", "xgboost", "lightgbm", "catboost")


def kind_of(model: Any) -> str | None:
    """Whether a model is one of Keras', a module of PyTorch, or an estimator that is fitted; `None` for all else.

    Args:
        model: A model. Keras' own on PyTorch are modules too, and count as Keras'.
    """
    roots = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if roots.intersection(_KERAS):
        return KERAS
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return TORCH
    return ESTIMATOR if roots.intersection(_ESTIMATORS) else None

"""Frameworks: which one a model is of, and what a run's document tells of models that are not Keras'."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ...foreign import pass_interrupt
from ...notices import logger

KERAS = "keras"
NONE = "python"
"""The `source` of a run without a model."""

_SOURCES = {
    **dict.fromkeys(("keras", "tf_keras", "tensorflow"), KERAS),
    **dict.fromkeys(("lightning", "pytorch_lightning"), "lightning"),
    "torch": "pytorch",
    **{name: name for name in ("transformers", "sklearn", "xgboost", "lightgbm", "catboost", "skorch", "flax", "jax")},
}
"""For each package that models' classes come from the name that a run has for it."""

_LONGEST_SUMMARY = 20_000  # characters; every message about a run brings it to every page


def source_of(source: Any, model: Any) -> Any:
    """The framework's name that a run's document gives.

    Args:
        source: What was asked for. `"keras"`, the default, stands for the framework that the model is of.
        model: The model, if there is one.
    """
    if source != KERAS:
        return source
    return NONE if model is None else framework_of(model) or KERAS


def framework_of(model: Any) -> str | None:
    """The framework that a model's class is of, or derived from; `None` where that is not known."""
    roots = (kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    return next((_SOURCES[root] for root in roots if root in _SOURCES), None)


def is_module(model: Any) -> bool:
    """Whether a model is a module of PyTorch's; of Keras' models, that are modules too, there is more to tell."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module) and framework_of(model) != KERAS


def model_info(model: Any, loss: str) -> dict[str, Any]:
    """What a run's document tells of a model that is not one of Keras'.

    Args:
        model: A module, an estimator, a booster.
        loss: The loss's name.

    Returns:
        `name`, `summary`, `loss`, and of a module `param_count`, as `get_model_info` gives them. A lazy module has
        no `param_count` before its first batch.
    """
    info: dict[str, Any] = {"name": type(model).__name__, "summary": _summary(model), "loss": loss}
    if is_module(model):
        try:
            info["param_count"] = _count(model.parameters())
        except (ValueError, RuntimeError):  # what a parameter without a shape raises
            logger.info("a module that has seen no batch can't be counted")
    return info


def _summary(model: Any) -> str:
    try:
        text = repr(model)
    except BaseException as error:  # a `__repr__` of other people's; the run goes on without
        pass_interrupt(error)
        return type(model).__name__
    return text if len(text) <= _LONGEST_SUMMARY else f"{text[:_LONGEST_SUMMARY]}... ({len(text):,} characters)"


def _count(parameters: Iterable[Any]) -> dict[str, int]:
    trainable = fixed = 0
    for parameter in parameters:
        if parameter.requires_grad:
            trainable += parameter.numel()
        else:
            fixed += parameter.numel()
    return {"total": trainable + fixed, "trainable": trainable, "non_trainable": fixed}

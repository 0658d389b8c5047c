"""What people may ask of a Keras training while it goes on, and the learning rate that they see and set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidData
from ..runs.training.steering import Refused, Setter
from ..values import number

Steerable = bool | Mapping[str, Setter]


def checked_setters(steerable: Any) -> Mapping[str, Setter] | None:
    """What a callback's `steerable` declares beside the learning rate; `None` where nothing may be asked.

    Raises:
        InvalidData: It is neither true nor false, nor names with functions.
    """
    if isinstance(steerable, bool):
        return {} if steerable else None
    if not isinstance(steerable, Mapping) or not all(map(callable, steerable.values())):
        raise InvalidData(
            "steerable", steerable, "is not True, nor functions by name; use for example {'temperature': function}"
        )
    return {str(name): setter for name, setter in steerable.items()}


def rate_setter(model: Callable[[], Any]) -> Setter:
    """What takes a new learning rate.

    Args:
        model: Gives the model that is trained, with its state as it is now.
    """

    def set_learning_rate(value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{value!r} is not a learning rate; it is a number of 0 or more")
        optimizer = model().optimizer
        try:
            optimizer.learning_rate = float(value)
        except TypeError:  # Keras keeps what a schedule says from being overwritten
            config = optimizer.get_config()["learning_rate"]
            schedule = config.get("class_name", "LearningRateSchedule") if isinstance(config, dict) else config
            raise Refused(
                f"the learning rate follows a schedule ({schedule}), which decides it at each step; only one that was "
                "compiled as a number can be set"
            ) from None

    return set_learning_rate


def learning_rate(model: Any) -> float | int | None:
    """A model's learning rate as it is now; `None` where it has none, or none that is a number."""
    optimizer = getattr(model, "optimizer", None)
    rate: Any = getattr(optimizer, "learning_rate", None)
    if callable(rate) and not hasattr(rate, "numpy"):  # a schedule, in some versions of Keras 2
        rate = rate(optimizer.iterations)  # type: ignore[union-attr]
    try:
        return number(float(rate))  # takes TensorFlow half the time of `numpy`
    except (TypeError, ValueError, RuntimeError):  # there is none, or it has a form of its own
        return number(rate)

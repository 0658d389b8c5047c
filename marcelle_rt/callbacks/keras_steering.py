"""What people may ask of a Keras training while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidData
from ..runs.training.steering import Refused, Setter

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


def is_part(batches: int, steps: int | None) -> bool:
    """Whether an epoch that was left after some batches lacks others.

    Args:
        batches: How many it has.
        steps: How many a whole one has; `None` where nobody knows, as in the first epoch of a generator: then what was
            left is not taken for a whole one.
    """
    return steps is None or batches < steps

"""Metrics: what the logs of an epoch or a batch become in a run."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidData
from ...foreign import pass_interrupt, shown, spelled
from ...notices import Notices
from ...values import FIT_KEYS, measured, number, safe_key

# The dashboard's page has the same two (dashboard/page/runs/facts.js).
_GROWING = re.compile(
    r"acc|auc|precision|recall|f1|fmeasure|r2|score|iou|io_u|dice|cosine|bleu|rouge|ndcg|mrr|psnr|ssim|reward|return"
    r"|(?<![a-z])map(?![a-z])"
)
_SHRINKING = re.compile(r"loss|err|mae|mse|mape|msle|perplexity|entropy|divergence|hinge|poisson|cosh")


_MODES = {"auto": None, "min": "down", "max": "up"}


def checked_mode(mode: str) -> str:
    """Returns how somebody says which values of a metric are better: `"min"`, `"max"`, or `"auto"`.

    Raises:
        InvalidData: It is something else.
    """
    if mode not in _MODES:
        raise InvalidData("mode", mode, "is not known; use 'auto', 'min' or 'max'")
    return mode


def direction(metric: str, mode: str = "auto") -> str | None:
    """Whether more (`"up"`) or less (`"down"`) of a metric is better; `None` where nothing tells.

    Args:
        metric: Its name, which tells it for `"auto"`; `dice_loss` is a loss.
        mode: As `checked_mode` returns it.
    """
    if (said := _MODES[mode]) is not None:
        return said
    name = metric.lower()
    if _SHRINKING.search(name):
        return "down"
    return "up" if _GROWING.search(name) else None


def grows(metric: str) -> bool:
    """Whether more of a metric is better, by its name; less is where that doesn't tell."""
    return direction(metric) == "up"


EXPECTED = object()
"""Stands for the value of a metric that comes later, where its name has to be known before others: null is stored."""


class Metrics:
    """Makes numbers of logs, and gives each metric its name.

    Args:
        verb: Whose logs they are, for what the user is told.
        notices: What the user is told; nothing is raised for a value.
        rename: Names for metrics, as a dashboard wants them.
    """

    def __init__(self, verb: str, notices: Notices, rename: Mapping[str, str]) -> None:
        self._verb = verb
        self._notices = notices
        self._rename = rename
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()  # the values of `_names`

    def values(self, logs: Any) -> dict[str, float | int | None]:
        """Logs as numbers, under names that a database takes."""
        values: dict[str, float | int | None] = {}
        names = self._names
        if type(logs) is not dict:  # to ask for a Mapping takes longer
            logs = self._read(logs)
        for key, value in logs.items():
            if type(value) is not float or not math.isfinite(value):
                value = self._number(key, value)
            name = names.get(key)
            values[name if name is not None else self._name(key, logs)] = value
        return values

    def _read(self, logs: Any) -> dict[Any, Any]:
        try:
            if isinstance(logs, Mapping):
                return dict(logs.items())
            problem = f"was a {type(logs).__name__}"
        except BaseException as error:  # a mapping of other people's, whose methods raise what they like
            pass_interrupt(error)
            problem = f"could not be read ({shown(error)})"
        self._notices.warn(
            "logs", f"{self._verb}: logs {problem}; give a mapping like {{'loss': 3.14}}. None is stored."
        )
        return {}

    def _number(self, key: Any, value: Any) -> float | int | None:
        converted = number(value) if value is not EXPECTED else None
        if converted is None and value is not EXPECTED:
            # Only of its own classes does Python know what a text of theirs does.
            told = value if value is None else measured(value)  # a tensor of NaN is told as that
            kind = told if type(told) is float or value is None else f"a {type(value).__name__}"
            self._notices.warn(
                "value",
                f"{self._verb}: {shown(key)} was {kind}, which is not a number; null is stored for it and its like.",
            )
        return converted

    def _name(self, key: Any, logs: Mapping[str, Any]) -> str:
        wanted = self._rename.get(key, key) if isinstance(key, str) else key
        name = base = safe_key(spelled(wanted))
        count = 2
        while name in self._taken or (name != wanted and name in logs):
            name, count = f"{base}_{count}", count + 1
        if name != wanted:
            self._notices.warn(
                ("key", key),
                f"{self._verb}: the metric {shown(key)} is stored as {name!r} ({FIT_KEYS}).",
            )
        self._names[key] = name
        self._taken.add(name)
        return name


def checked_names(rename: Mapping[str, str] | None) -> dict[str, str]:
    """Returns names for metrics.

    Raises:
        InvalidData: When it is not a mapping.
    """
    if rename is not None and not isinstance(rename, Mapping):
        raise InvalidData("rename", rename, "is not a mapping of names; use for example {'val_loss': 'lossVal'}")
    return dict(rename or {})

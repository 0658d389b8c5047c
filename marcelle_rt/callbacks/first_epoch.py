"""FirstEpoch: which metrics of a run come first, where a framework tells of an epoch in pieces. Pure.

A stock live plot draws what it knows up to the first metric that it doesn't know, in the order in which the run has got
them: where `grad_norm` comes before `lossVal`, there is no curve of `lossVal`. So, in the first epoch, losses go out at
once, and all else when the losses are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import LOSSES, known_first

Pieces = list[tuple[int, dict[str, Any]]]
"""Epochs, each with values that belong to it."""


class FirstEpoch:
    """What waits until the losses of a run's first epoch are known."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._number: int | None = None
        self._waiting: dict[str, Any] = {}
        self._is_over = False

    def ready(self, epoch: int, logs: Mapping[str, Any], more: bool) -> Pieces:
        """What is to be saved now.

        Args:
            epoch: The number of an epoch.
            logs: A piece of it, under the names that dashboards know.
            more: Another piece of it is expected.
        """
        if self._is_over:
            return [(epoch, dict(logs))]
        before = self.rest() if self._number not in (None, epoch) else []
        self._number = epoch
        self._told |= LOSSES & logs.keys()
        if self._is_over or not more or self._told >= LOSSES:
            both = known_first({**self._waiting, **logs}, {})
            self._waiting = {}
            self._is_over = True
            return [*before, (epoch, both)]
        self._waiting.update((name, value) for name, value in logs.items() if name not in LOSSES)
        return [(epoch, {name: value for name, value in logs.items() if name in LOSSES})]

    def rest(self) -> Pieces:
        """What still waits, when nothing more comes of its epoch."""
        self._is_over = True
        waiting, self._waiting = self._waiting, {}
        return [(self._number, waiting)] if self._number is not None and waiting else []

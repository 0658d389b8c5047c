"""The labels in a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .stored.unreadable import Unreadable


def distinct(values: Iterable[tuple[Any, Any]]) -> list[Any]:
    """The different labels among instances' `y`, sorted; truth values before numbers before texts.

    Args:
        values: The `_id` and the `y` of each; those without one are passed over.

    Raises:
        NotALabel: A `y` is not a label: a list, say.
    """
    found: dict[tuple[str, Any], None] = {}
    for identity, y in values:
        if isinstance(y, (list, dict)):
            raise NotALabel(identity, y)
        if y is not None:
            found[_kind(y), y] = None
    return [y for _, y in sorted(found, key=lambda pair: (_ORDER.index(pair[0]), pair[1]))]


class NotALabel(Unreadable):
    """A `y` that is a list or a mapping.

    Attributes:
        identity: The instance's `_id`.
    """

    def __init__(self, identity: Any, y: Any) -> None:
        self.identity = identity
        kind = "a list" if isinstance(y, list) else "a mapping"
        super().__init__(f"is {kind}, which is not a label that could be listed", "y")


_ORDER = ("bool", "number", "str")


def _kind(y: Any) -> str:
    return "bool" if isinstance(y, bool) else "str" if isinstance(y, str) else "number"

"""What becomes of instances that can't be used: an error that names the first, or a warning that counts them."""

from __future__ import annotations

from typing import Any

from ..errors import DatasetError, UnsupportedFormat
from ..notices import Notices
from .stored.unreadable import Unreadable

WAYS = ("raise", "skip")
_NAMED = 3  # instances that a warning names


class Skips:
    """Called with each instance that can't be used.

    Args:
        dataset: The dataset's name.
        on_error: `"raise"` or `"skip"`.

    Attributes:
        raises: Whether an instance that can't be used is an error.
        reasons: Why each was skipped, by its `_id`.

    Raises:
        UnsupportedFormat: For another `on_error`.
    """

    def __init__(self, dataset: str, on_error: str) -> None:
        if on_error not in WAYS:
            raise UnsupportedFormat("on_error", on_error, WAYS)
        self._dataset = dataset
        self.raises: bool = on_error == "raise"
        self.reasons: dict[str, str] = {}

    def __call__(self, document: dict[str, Any], error: Unreadable) -> None:
        """Takes note of an instance that can't be used.

        Raises:
            DatasetError: Where that is what was asked for.
        """
        if self.raises:
            raise DatasetError(self._dataset, str(error), document.get("_id")) from error
        self.reasons[document["_id"]] = str(error)

    def tell(self, used: int) -> None:
        """Warns of how many were skipped, and names some."""
        if self.reasons:
            named = "; ".join(f"{key!r}: {reason}" for key, reason in list(self.reasons.items())[:_NAMED])
            more = len(self.reasons) - _NAMED
            tail = f"; and {more:,} more" if more > 0 else ""
            total = used + len(self.reasons)
            Notices().warn(
                "skipped",
                f"dataset {self._dataset!r}: {len(self.reasons):,} of {total:,} instances were skipped. {named}{tail}",
            )

"""Block: an adapter as a `with` block, for frameworks that tell nobody how a training ended."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

from .session import Session

_B = TypeVar("_B", bound="Block")


class Block:
    """What an adapter's `with` does: its end ends the run that is still open, as a success or by its exception.

    Attributes:
        _session: The adapter's Session, which the adapter sets.
    """

    _session: Session

    def __enter__(self: _B) -> _B:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._session.end()
        else:
            self._session.fail(error)

"""A view of a dataset's instances as people record them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..client.view import Change
    from ..client.watch import Watch


class Instances(Iterator["Change"]):
    """Gives the instances that are there, then each change, without gaps, as `Service.watch` does; `x` is decoded.

    An instance that can't be decoded raises a `DatasetError` with its `_id`; the iteration can go on after it.

    Args:
        watch: The documents.
        decode: Decodes one.
    """

    def __init__(self, watch: Watch, decode: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._watch = watch
        self._decode = decode

    def __next__(self) -> Change:
        change = next(self._watch)
        return change._replace(document=self._decode(change.document))

    def close(self) -> None:
        """Ends the iteration, also one that waits on another thread."""
        self._watch.close()

    def __enter__(self) -> Instances:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

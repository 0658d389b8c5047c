"""What all decoders raise: a value that can't be read, before it is known whose it is."""

from __future__ import annotations

from ...errors import MarcelleError


class Unreadable(MarcelleError):
    """A stored value that can't be decoded, or a value that can't be stored so that a page can read it.

    Attributes:
        reason: Why, and what to do; it follows the name of what can't be read in a sentence.
    """

    def __init__(self, reason: str, what: str = "x") -> None:
        self.reason = reason
        super().__init__(f"{what} {reason}")

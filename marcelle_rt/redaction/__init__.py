"""What must not leave this process in words: the secrets that it was given, and what others look like.

Errors of other people's code may hold them (a database's URL, a request's headers), and a run's document, an alert or a
job says why it failed to all who can read them.
"""

from __future__ import annotations

from .known import keep_secret, without_known
from .shapes import without_shapes

__all__ = ["keep_secret", "redacted"]


def redacted(text: str) -> str:
    """A text without the secrets that this process knows, and without what has the shape of one."""
    return without_shapes(without_known(text))

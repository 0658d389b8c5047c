"""What must not leave this process in words: the secrets that it was given, and what others look like.

Errors of other people's code may hold them (a database's URL, a request's headers), and a run's document, an alert or a
job says why it failed to all who can read them.
"""

from __future__ import annotations

from .known import keep_secret, without_known
from .shapes import without_shapes

__all__ = ["keep_secret", "redacted", "redacted_beginning"]

_MARGIN = 10_000  # characters, more than a secret has


def redacted(text: str) -> str:
    """A text without the secrets that this process knows, and without what has the shape of one."""
    return without_shapes(without_known(text))


def redacted_beginning(text: str, longest: int) -> str:
    """The beginning of `redacted(text)`, by which a text of megabytes holds nobody up.

    Args:
        text: The text.
        longest: How much of it is shown, in characters. What is returned is longer where the text is.
    """
    looked_at = text[: longest + 2 * _MARGIN]
    shown = redacted(looked_at)
    return shown if len(looked_at) == len(text) else shown[:-_MARGIN]  # half a secret may stand at the cut

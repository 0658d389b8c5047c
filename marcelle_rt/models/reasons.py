"""What is told of errors that come from other libraries."""

from __future__ import annotations


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its kind where it has none. TensorFlow's go on for pages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

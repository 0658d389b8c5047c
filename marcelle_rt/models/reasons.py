"""What is told of errors that come from other libraries."""

from __future__ import annotations

import re

_BOLD = re.compile(r"\x1b\[\d*m")


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its kind where it has none. TensorFlow's go on for pages."""
    lines = [line for line in _BOLD.sub("", str(error)).splitlines() if line.strip()]
    # Keras says first in which layer, and only then what.
    if len(lines) > 1 and lines[0].startswith("Exception encountered when calling"):
        return f"{lines[0].removesuffix('.')}: {lines[1]}"
    return (lines or [type(error).__name__])[0].strip()

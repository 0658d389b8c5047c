"""Text that others wrote (names of runs, metrics and files, errors of servers), made safe for where it is shown.

Whoever can write to a backend chooses such text. Each way of showing it has one function here, and nothing else:

- a terminal, and a message or warning that may end up there: `clean` for one line, `clean_lines` for several,
  always as rich's `Text`, because a plain string is read as markup;
- HTML and SVG: `as_html`;
- a spreadsheet, to which CSV goes: `as_cell`.

JSON and Parquet hold data as it is.
"""

from __future__ import annotations

import html
from typing import Any

_FORMULAS = ("=", "+", "-", "@")


def clean(text: object, width: int | None = None) -> str:
    """Text in one line, without what would steer a terminal or turn the direction of reading.

    Args:
        text: The text.
        width: The most characters; a longer text ends in `~`.
    """
    line = "".join(character if character.isprintable() else " " for character in str(text))
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "~"


def clean_lines(text: object) -> str:
    """As `clean`, for text of several lines, which stay lines."""
    return "\n".join(map(clean, str(text).split("\n")))


def as_html(text: object, width: int | None = None) -> str:
    """As `clean`, for an HTML or SVG element's text, or a quoted attribute."""
    return html.escape(clean(text, width))


def as_cell(value: Any) -> Any:
    """A value for a cell of a spreadsheet: numbers as they are, and text that is never a formula.

    Spreadsheets run what begins with `=`, `+`, `-` or `@`; an apostrophe before it makes it text (OWASP, "CSV
    Injection").
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = clean(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULAS) else text

"""What is other people's: their text, made safe for where it is shown, and what their code raises.

Their text are names of runs, metrics and files, and errors of servers: whoever can write to a backend chooses it. Each
way of showing it has one function here, and nothing else:

- a terminal, and a message or warning that may end up there: `clean` for one line, `clean_lines` for several,
  always as rich's `Text`, because a plain string is read as markup;
- a value that a message quotes: `shown`;
- HTML and SVG: `as_html`;
- a spreadsheet, to which CSV goes: `as_cell`.

JSON and Parquet hold data as it is.
"""

from __future__ import annotations

import html
import signal
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


def utf8(text: str) -> str:
    """Text without lone surrogates, which names of files may have and JSON can't."""
    return text.encode("utf-8", "replace").decode("utf-8")


def spelled(key: Any) -> str:
    """A key as a text, whatever its own `str` does."""
    try:
        return str(key)
    except BaseException as error:  # an object's own
        pass_interrupt(error)
        return shown(key)


def shown(value: Any, width: int = 1000) -> str:
    """A value as a message shows it, whatever its own `repr` does.

    Args:
        value: The value.
        width: The most characters; a longer text ends in `...`.
    """
    try:
        text = utf8(repr(value))
    except BaseException as error:  # an object's own repr
        pass_interrupt(error)
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 3] + "..."


def pass_interrupt(error: BaseException) -> None:
    """Raises again what a signal has raised, for whoever catches all else that other people's code raises.

    What a converter or a model's `summary` raises is not to end a training, be it `SystemExit`. Ctrl-C, a cluster's
    SIGTERM or an alarm is the user's own, wherever it comes: it may find the training in a checkpoint of ours.
    """
    if isinstance(error, KeyboardInterrupt) or _is_of_a_signal(error):
        raise error


def _is_of_a_signal(error: BaseException) -> bool:
    """Whether a handler of a signal raised it: its frame is among those that the error has gone through."""
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False

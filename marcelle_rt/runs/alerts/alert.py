"""Alerts: what they say, and how they are shown where the training runs."""

from __future__ import annotations

from typing import Any

from ... import config
from ...foreign import clean, pass_interrupt, shown, utf8
from ...notices import Notices, logger
from ...redaction import redacted_beginning
from ...values import iso, to_run

LEVELS = ("info", "warning", "error")
_STYLES = {"info": "bold blue", "warning": "bold yellow", "error": "bold red"}
_LONGEST_TITLE = 200  # characters
_LONGEST_TEXT = 10_000


def make(title: Any, text: Any, level: Any, notices: Notices) -> dict[str, Any]:
    """The fields of an alert's document, whatever was given for them.

    Args:
        title: One line.
        text: What there is to say beside it.
        level: One of `LEVELS`; anything else becomes `"warning"`, which is said.
        notices: What the user is told.
    """
    plain = " ".join(redacted_beginning(_text(title), _LONGEST_TITLE).split())
    words = redacted_beginning(_text(text), _LONGEST_TEXT)
    known = level.strip().lower() if isinstance(level, str) else level
    if known not in LEVELS:
        notices.warn(
            "level", f"alert: {shown(level)} is not a level; 'warning' is used (there are {', '.join(LEVELS)})."
        )
        known = "warning"
    if not plain:
        notices.warn("title", "alert: the title was empty; 'Alert' is taken.")
        plain = "Alert"
    return {"title": _short(plain, _LONGEST_TITLE), "text": _short(words, _LONGEST_TEXT), "level": known, "time": iso()}


def _text(value: Any) -> str:
    return utf8(value) if isinstance(value, str) else str(to_run("" if value is None else value, "alert")[0])


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def sentence(alert: dict[str, Any]) -> str:
    """An alert as people read it: where it comes from, its title, and its text on the lines after."""
    epoch = f", epoch {alert['epoch']}" if alert["epoch"] is not None else ""
    text = f"\n{alert['text']}" if alert["text"] else ""
    return f"[{alert['level']}] {alert['run']}{epoch}: {alert['title']}{text}"


def show(alert: dict[str, Any]) -> None:
    """Shows an alert in one line: on stderr, in color on a terminal; in a notebook as an output of the cell."""
    if config.silent():
        return
    line = clean(sentence(alert))
    try:
        from rich.console import Console
        from rich.text import Text

        class Patient(Console):
            def on_broken_pipe(self) -> None:
                """Rich would end the program where the reader of its output has gone, and close stdout too."""

        Patient(stderr=True).print(Text(line, style=_STYLES[alert["level"]]), soft_wrap=True)
    except BaseException as error:  # a stderr that is closed or broken raises what it likes
        pass_interrupt(error)
        logger.info("an alert could not be shown", exc_info=True)

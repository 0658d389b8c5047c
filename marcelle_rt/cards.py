"""What a notebook shows of an object: a small table of what people ask of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from .foreign import as_html

_LINKS = ("http://", "https://")


def card(title: str, facts: Mapping[str, object]) -> str:
    """An object as HTML, in the notebook's own colors.

    Args:
        title: What it is.
        facts: What is known of it; what is `None` is left out. Addresses become links.
    """
    rows = "".join(_row(name, value) for name, value in facts.items() if value is not None)
    return f'<table><caption style="text-align:left"><b>{as_html(title)}</b></caption>{rows}</table>'


def _row(name: str, value: object) -> str:
    text = as_html(value)
    if text.startswith(_LINKS):
        text = f'<a href="{text}" target="_blank" rel="noopener">{text}</a>'
    return (
        f'<tr><td style="text-align:left;opacity:.65">{as_html(name)}</td><td style="text-align:left">{text}</td></tr>'
    )

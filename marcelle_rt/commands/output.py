"""How the command speaks: results on stdout, for people or as JSON; everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..foreign import clean
from ..monitor import facts
from ..monitor.text import STYLES

UNBOUNDED = 100_000
"""The width, in columns, of what is read by no terminal: nothing is cut off or wrapped there."""


def console() -> Console:
    """Where results go: as wide as the terminal, or unbounded without one."""
    bounded = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if bounded else UNBOUNDED)


def messages() -> Console:
    """Where everything but results goes, so that it never gets mixed up with one."""
    return Console(stderr=True, highlight=False)


def is_ascii(out: Console) -> bool:
    """Whether what reads the output knows ASCII only."""
    return not out.encoding.lower().startswith("utf")


def print_json(data: Any) -> None:
    """Prints a result for scripts: one array or one object, in ASCII."""
    print(json.dumps(data, indent=2, default=str))


def cell(text: object, style: str = "") -> Text:
    """Text of a backend's for a table: plain, never markup."""
    return Text(clean(text), style)


def status(run: Mapping[str, Any]) -> Text:
    """How a run stands or ended, in its color."""
    return cell(word := facts.status(run), STYLES.get(word, ""))


def cut(out: Console, text: Text, width: int) -> Text:
    """Text cut to at most that many columns."""
    text.truncate(max(1, width), overflow="crop" if is_ascii(out) else "ellipsis")
    return text


def line(out: Console, *parts: Text | str, indent: int = 0) -> None:
    """Prints parts in one line, cut off at the terminal's edge."""
    whole = Text(" " * indent)
    for part in parts:
        whole.append_text(part if isinstance(part, Text) else Text(part))
    out.print(cut(out, whole, out.width), no_wrap=True)


def sentence(out: Console, text: Text | str) -> None:
    """Prints a sentence, which goes on in the next line at the terminal's edge."""
    out.print(text, soft_wrap=not out.is_terminal)


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """A table without lines, whose rows stay rows.

    Args:
        *columns: The heads.
        right: Those whose numbers stand at the right.
    """
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for name in columns:
        made.add_column(cell(name), no_wrap=True, justify="right" if name in right else "left")
    return made

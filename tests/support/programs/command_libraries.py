"""What the `marcelle-rt` command imports that is not ours; programs that run it can be forked with this imported."""

from __future__ import annotations

import rich.table  # noqa: F401
import socketio  # noqa: F401
import typer.rich_utils


def command(word: str) -> None:
    """Takes a word, so that Typer imports what it reads words with."""


app = typer.Typer()
app.command()(command)
app(["word"], standalone_mode=False)

"""The options that several commands have."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated

import typer

from .config import backend_location
from .errors import InvalidData

BOXES = sys.stdout.isatty() and shutil.get_terminal_size().columns >= 60
"""Whether help is drawn in boxes: they need a terminal, and cut off words in a narrow one."""


def _location(url: str | None) -> str | None:
    """Makes a bad URL a usage error."""
    try:
        return None if url is None else backend_location(url)
    except InvalidData as error:
        raise typer.BadParameter(f"{error.value} {error.reason}") from error


Location = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="URL",
        envvar="MARCELLE_BACKEND",
        callback=_location,
        help="The backend (default: http://localhost:3030). Credentials are read from MARCELLE_EMAIL and "
        "MARCELLE_PASSWORD, or MARCELLE_TOKEN.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def refuse_options_before(context: typer.Context) -> None:
    """Makes it a usage error that options of a group's default command stand before another command's name.

    Raises:
        typer.BadParameter: One does.
    """
    if any(_was_typed(context, name) for name in context.params):
        raise typer.BadParameter(f"options of {context.invoked_subcommand} go after it, not before it")


def _was_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"

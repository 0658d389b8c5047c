"""What somebody means who types a command that there isn't."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

_MEANT = {
    "ui": "dashboard",
    "web": "dashboard",
    "open": "dashboard",
    "show": "runs show",
    "list": "runs",
    "ls": "runs",
    "compare": "runs compare",
    "rm": "runs rm",
    "remove": "runs rm",
    "tag": "runs tag",
    "repair": "runs repair",
    "sync": "upload",
    "push": "upload",
    "up": "dashboard",
    "server": "backend",
    "start": "backend",
    "user": "backend user",
    "login": "docs environment",
    "init": "docs first-ten-minutes",
    "check": "doctor",
    "help": "--help",
    "version": "--version",
}
"""What other tools call our commands."""


class Commands(TyperGroup):
    """The commands of the program; a name that other tools have is answered with our own."""

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Finds the command that was typed.

        Raises:
            UsageError: There is none.
        """
        if args and args[0] in _MEANT and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command '{args[0]}'. Did you mean 'marcelle-rt {_MEANT[args[0]]}'?")
        return super().resolve_command(ctx, args)


class RunCommands(TyperGroup):
    """The commands for runs; a run's name in the place of one is answered with how to show it."""

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Finds the command that was typed.

        Raises:
            UsageError: There is none.
        """
        word = args[0] if args else ""
        if word.rpartition("-")[2].isdecimal() and self.get_command(ctx, word) is None:
            ctx.fail(f"No such command '{word}'. Is it a run? Then use 'marcelle-rt runs show {word}'.")
        return super().resolve_command(ctx, args)


class BackendCommands(TyperGroup):
    """The commands for a backend; what needs no word after it is said to need none."""

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """Finds the command that was typed.

        Raises:
            UsageError: There is none.
        """
        if args and args[0] in ("start", "run", "up", "serve"):
            ctx.fail(f"No such command '{args[0]}'. Did you mean 'marcelle-rt backend'?")
        return super().resolve_command(ctx, args)

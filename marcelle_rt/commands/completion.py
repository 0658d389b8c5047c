"""`marcelle-rt completion`: the script that lets a shell complete the command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from typer.completion import get_completion_inspect_parameters, shell_complete

from .choices import Shell

VARIABLE = "_MARCELLE_RT_COMPLETE"
"""How the script asks the command for what can come next."""

_HOW = {
    "bash": """# Put this line into ~/.bashrc:  eval "$(marcelle-rt completion bash)\"""",
    "zsh": """# Put this line into ~/.zshrc, after compinit:  eval "$(marcelle-rt completion zsh)\"""",
    "fish": "# Once:  marcelle-rt completion fish > ~/.config/fish/completions/marcelle-rt.fish",
}


def this_shell() -> Shell | None:
    """The user's own shell, as the environment names it."""
    name = Path(os.environ.get("SHELL", "")).name
    return Shell(name) if name in set(Shell) else None


def prepare() -> None:
    """Teaches typer's own shell scripts to the library below it; without, they are that library's."""
    get_completion_inspect_parameters()


def print_script(command: Any, shell: Shell) -> None:
    """Prints a shell's script, and how to keep it."""
    prepare()
    print(_HOW[shell.value])
    shell_complete(command, {}, "marcelle-rt", VARIABLE, f"source_{shell.value}")

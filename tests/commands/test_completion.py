"""`marcelle-rt completion`: what the script does in a real shell, and help."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from marcelle_rt import __version__
from marcelle_rt.cli import app
from tests.support.command import marcelle_rt


@pytest.fixture
def command_on_the_path(tmp_path: Path) -> str:
    """A PATH that has this very `marcelle-rt` on it."""
    script = tmp_path / "marcelle-rt"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m marcelle_rt "$@"\n')
    script.chmod(0o755)
    return f"{tmp_path}:{Path(shutil.which('bash') or '/bin/bash').parent}:/usr/bin:/bin"


def test_bash_completes_commands_and_choices(command_on_the_path: str) -> None:
    session = """
        eval "$(marcelle-rt completion bash)"
        try() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _marcelle_rt_completion marcelle-rt; echo "${COMPREPLY[@]}"; }
        complete -p marcelle-rt
        try marcelle-rt runs com
        try marcelle-rt export --format ''
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", session], capture_output=True, text=True, env={"PATH": command_on_the_path}
    )

    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["compare", "csv parquet json"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_keep_it(shell: str) -> None:
    first, *rest = marcelle_rt("completion", SHELL=f"/usr/bin/{shell}").stdout.splitlines()

    assert first.startswith("#")
    assert f"marcelle-rt completion {shell}" in first
    assert any("_MARCELLE_RT_COMPLETE=complete_" in line for line in rest)


def test_an_unknown_shell_is_named() -> None:
    assert CliRunner().invoke(app, ["completion"], env={"SHELL": "/bin/tcsh"}).exit_code == 2
    assert CliRunner().invoke(app, ["completion", "tcsh"]).exit_code == 2


def commands_below(group: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found = {}
    for name, command in group.commands.items():
        found[(*path, name)] = command
        if hasattr(command, "commands"):
            found.update(commands_below(command, (*path, name)))
    return found


@pytest.mark.parametrize("path", commands_below(get_command(app)), ids=" ".join)
def test_each_command_has_an_example_and_those_of_a_backend_name_it(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"], terminal_width=40)

    assert done.exit_code == 0
    assert f"Example: {'eval' if path == ('completion',) else 'marcelle-rt'}" in done.output
    if path[0] not in ("demo", "backend", "completion", "docs", "js"):
        assert "--backend" in done.output
        assert "--json" in done.output or path[0] in ("dashboard", "serve")


def test_the_version_and_short_help_are_told_on_their_own() -> None:
    assert marcelle_rt("--version").stdout == f"marcelle-rt {__version__}\n"
    for words in ((), ("runs",), ("runs", "list")):
        assert marcelle_rt(*words, "-h").stdout == marcelle_rt(*words, "--help").stdout != ""

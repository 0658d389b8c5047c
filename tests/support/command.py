"""The command itself, as people and scripts run it."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from marcelle_rt.cli import main

Done = subprocess.CompletedProcess[str]

_UNSET = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "MARCELLE_BACKEND", "MARCELLE_EMAIL", "MARCELLE_PASSWORD")


def marcelle_rt(*arguments: object, **environment: str) -> Done:
    """Runs the command without a terminal, in this process: a process each would take most of the tests' time."""
    words = ["marcelle-rt", *map(str, arguments)]
    with ExitStack() as stack:
        nothing = stack.enter_context(open(os.devnull))
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        stack.enter_context(patch.dict(os.environ, surroundings(environment), clear=True))
        for name, value in (("argv", words), ("stdin", nothing), ("stdout", out), ("stderr", err)):
            stack.enter_context(patch.object(sys, name, value))
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.getsignal(number))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(words, code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]


def as_a_process(*arguments: object, **environment: str) -> Done:
    """Runs the command without a terminal, as a script does."""
    done = subprocess.run(
        [sys.executable, "-m", "marcelle_rt", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=surroundings(environment),
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def going_on(stack: ExitStack, folder: Path, environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """Starts a command that goes on until Ctrl-C, which reaches it whatever the test runner itself ignores.

    Args:
        stack: Ends it where the test fails.
        folder: Where it works; what it says to stderr is in the file `stderr` there.
        environment: Its environment; it opens no browser.
        words: The command's words.
    """
    hidden = {name: value for name, value in environment.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    running = subprocess.Popen(
        [sys.executable, "-c", "from marcelle_rt.cli import main; main()", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"),
        text=True,
        cwd=folder,
        env={**hidden, "TMPDIR": str(folder)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    stack.callback(running.kill)
    return running


def answer_of(*arguments: object, **environment: str) -> Any:
    """The JSON that the command gives to scripts."""
    done = marcelle_rt(*arguments, "--json", **environment)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def at_a_terminal(*arguments: object, columns: int, keys: str = "", **environment: str) -> tuple[int, str]:
    """Runs the command at a terminal of so many columns, types keys, and gives its exit code and what it showed."""
    ours, theirs = pty.openpty()
    environ = surroundings({"COLUMNS": str(columns), "TERM": "xterm-256color", **environment})
    process = subprocess.Popen(
        [sys.executable, "-m", "marcelle_rt", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # Linux: the other side is closed
            break
    os.close(ours)
    return process.wait(60), shown.decode()


def surroundings(environment: dict[str, str]) -> dict[str, str]:
    """This process's environment, without what would change what the command shows, and with what is given."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return {**kept, **environment}


def outcomes(url: str, *options: str) -> dict[str, str]:
    return {entry["name"]: entry["outcome"] for entry in answer_of("runs", "repair", *options, "--backend", url)}

"""The command itself, as people and scripts run it."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Timer
from typing import Any, TextIO
from unittest.mock import patch

from marcelle_rt.cli import main
from tests.support.programs.forked import Program

Done = subprocess.CompletedProcess[str]

_LIBRARIES = "command_libraries"
"""What its processes are forked with; see `tests/support/programs`."""

_LONGEST = 120.0
"""Seconds after which one that has not ended is killed, so that no test waits for ever."""

_UNSET = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "MARCELLE_BACKEND", "MARCELLE_EMAIL", "MARCELLE_PASSWORD")


def marcelle_rt(*arguments: object, **environment: str) -> Done:
    """Runs the command without a terminal, in this process: a process each would take most of the tests' time."""
    words = ["marcelle-rt", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with open(os.devnull) as nothing:
        code = _run(words, environment, nothing, out, err)
    return Done(words, code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode())


def _run(words: list[str], environment: dict[str, str], stdin: TextIO, stdout: TextIO, stderr: TextIO) -> int:
    """Runs the command in this process, which is afterwards as it was, and gives its exit code."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, surroundings(environment), clear=True))
        for name, value in (("argv", words), ("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            stack.enter_context(patch.object(sys, name, value))
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.getsignal(number))
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0


def as_a_process(*arguments: object, **environment: str) -> Done:
    """Runs the command without a terminal, as a script does; its process has the libraries from the start."""
    with Piped(*map(str, arguments), **environment) as command:
        out = command.out.read()
        code, err = command.wait()
    assert "Traceback" not in err, err
    return Done(list(map(str, arguments)), code, out, err)


class Piped:
    """The command, whose output is read from a pipe while it goes on; its process has the libraries from the start.

    Args:
        *words: The command's words.
        **environment: More of its environment.

    Attributes:
        program: Its process.
        out: What it writes, to be read.
    """

    def __init__(self, *words: str, **environment: str) -> None:
        reads, writes = os.pipe()
        with ExitStack() as stack:
            self.out = stack.enter_context(open(reads, encoding="utf-8"))
            self._err = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            with open(os.devnull) as nothing, open(writes, "w") as pipe:
                streams = [nothing, pipe, self._err]
                words = ("-m", "marcelle_rt", *words)
                self.program = Program(words, _LIBRARIES, Path.cwd(), surroundings(environment), streams)
            stack.callback(self.program.kill)
            killing = Timer(_LONGEST, self.program.send_signal, [signal.SIGKILL])
            killing.start()
            stack.callback(killing.cancel)
            self._stack = stack.pop_all()

    def __enter__(self) -> Piped:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def wait(self) -> tuple[int, str]:
        """Waits for its end, and gives its exit code and what it has said to stderr."""
        code = self.program.wait(60)
        self._err.seek(0)
        return code, self._err.read()


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
    """Runs the command in this process, at a terminal of its own with so many columns, and types keys.

    Returns:
        Its exit code, and what it showed.
    """
    environment = {"COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
    ours, theirs = pty.openpty()
    os.write(ours, keys.encode())
    with ThreadPoolExecutor() as pool, open(theirs, "r+b", buffering=0) as terminal:
        shown = pool.submit(_read, ours)
        reads = io.TextIOWrapper(io.BufferedReader(terminal), "utf-8")
        writes = io.TextIOWrapper(terminal, "utf-8", write_through=True)
        code = _run(["marcelle-rt", *map(str, arguments)], environment, reads, writes, writes)
        terminal.close()
        return code, shown.result(60).decode()


def _read(terminal: int) -> bytes:
    """All that is written to a terminal, until nobody has its other side open."""
    shown = b""
    with open(terminal, "rb", buffering=0) as side, suppress(OSError):  # the error is Linux's way to say so
        while some := side.read(65536):
            shown += some
    return shown


def surroundings(environment: dict[str, str]) -> dict[str, str]:
    """This process's environment, without what would change what the command shows, and with what is given."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
    return {**kept, **environment}


def outcomes(url: str, *options: str) -> dict[str, str]:
    return {entry["name"]: entry["outcome"] for entry in answer_of("runs", "repair", *options, "--backend", url)}

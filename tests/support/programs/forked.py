"""Programs that are forked from a process in which a heavy library is imported already.

`import keras` takes five seconds of a processor, and most programs of the docs import it to show something else. What
is to show how a program starts, what it imports or what it does with signals has to be a new process of Python's.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_SERVER = Path(__file__).parent / "fork_server.py"
_OF_PROGRAMS = ("MARCELLE_", "PYTEST_", "PYTHONPATH")
"""How variables begin that no library reads when it is imported."""
_UNTIL_IMPORTED = 180.0


class Program:
    """A program that runs: the part of `subprocess.Popen` that is needed.

    Args:
        words: What stands behind `python`: `-c` and a text, `-m` and a module, or a file; then its arguments.
        library: What is imported already.
        cwd: Its working directory.
        env: Its environment.
        streams: Its standard input, output and error.
    """

    def __init__(
        self, words: Sequence[str], library: str, cwd: Path, env: Mapping[str, str], streams: Sequence[IO[str]]
    ) -> None:
        assert words[0] in ("-c", "-m") or not words[0].startswith("-"), f"only a new Python can be told {words[0]}"
        reads, writes = os.pipe()
        self._answers = os.fdopen(reads, "rb", buffering=0)
        job = {"words": list(words), "folder": os.fspath(cwd), "environment": dict(env)}
        with os.fdopen(writes, "wb") as answers:
            _server(library, env).fork(job, [*(stream.fileno() for stream in streams), answers.fileno()])
        self._process: int | None = self._answer(_UNTIL_IMPORTED)

    def wait(self, timeout: float) -> int:
        """Its exit status, as `Popen.wait` gives it; to be asked for once.

        Raises:
            AssertionError: It has not ended within `timeout` seconds.
        """
        status = self._answer(timeout)
        self._process = None
        self._answers.close()
        return status

    def kill(self) -> None:
        """Ends it, if it has not ended."""
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            self.wait(60)

    def _answer(self, timeout: float) -> int:
        assert select.select([self._answers], [], [], timeout)[0], f"the program has not ended within {timeout:g} s"
        answer = self._answers.readline()
        assert answer, "the process that programs are forked from has ended"
        return int(answer)


def run(
    words: Sequence[str], library: str, *, cwd: Path, env: Mapping[str, str], timeout: float = 180.0
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, and returns it with what it has written; arguments as for `Program`."""
    with open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        program = Program(words, library, cwd, env, [nothing, out, err])
        try:
            status = program.wait(timeout)
        finally:
            program.kill()
        for written in (out, err):
            written.seek(0)
        return subprocess.CompletedProcess(list(words), status, out.read(), err.read())


class _Server:
    """The process that programs are forked from.

    Args:
        library: What it imports.
        environment: In which it imports that.
    """

    def __init__(self, library: str, environment: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_SERVER), str(theirs.fileno()), library],
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._close)

    def fork(self, job: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Has it fork a program, whose process and end are told by the last of the descriptors."""
        request = json.dumps(job).encode()
        socket.send_fds(self._requests, [len(request).to_bytes(4, "big")], descriptors)
        self._requests.sendall(request)

    def _close(self) -> None:
        self._requests.close()
        self._process.wait()


_servers: dict[tuple[Any, ...], _Server] = {}


def _server(library: str, env: Mapping[str, str]) -> _Server:
    """The one for a library, and for an environment as far as libraries may read it."""
    environment = {name: value for name, value in env.items() if not name.startswith(_OF_PROGRAMS)}
    key = (library, *sorted(environment.items()))
    if key not in _servers:
        _servers[key] = _Server(library, environment)
    return _servers[key]

"""Programs that are forked from a process in which a heavy library is imported already.

`import keras` takes five seconds of a processor, and most programs of the docs import it to show something else. What
is to show how a program starts or what it imports has to be a new process of Python's.

All processes of a run of the tests fork from the same one. Keras has found there what its extra brings: a package that
it takes along where it happens to be installed was hidden while it was imported, and a program finds it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from tests.support.lean import UNASKED

_FOLDER = "PYTEST_FORK_SERVERS"
"""The variable that tells a run's processes where its sockets are."""
_SERVER = Path(__file__).parent / "fork_server.py"
_OF_PROGRAMS = ("HIDDEN_PACKAGES", "MARCELLE_", "PYTEST_", "PYTHONPATH")
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
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """Asks it to end, if it has not ended, and waits until it has."""
        self._end(signal.SIGTERM)

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it a signal, if it has not ended."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has, and nobody has asked for its status
                os.kill(self._process, number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self.send_signal(number)
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
    """A connection to the process that programs are forked from, which the first who needs it starts.

    Args:
        library: What it imports.
        environment: In which it imports that.
    """

    def __init__(self, library: str, environment: Mapping[str, str]) -> None:
        known = json.dumps([library, sorted(environment.items())])
        path = Path(os.environ[_FOLDER], sha256(known.encode()).hexdigest()[:8])
        self._requests = socket.socket(socket.AF_UNIX)
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                self._requests.connect(os.fspath(path))
            except (FileNotFoundError, ConnectionRefusedError):  # not started yet, or it was killed
                path.unlink(missing_ok=True)
                self._process = _started(path, library, environment)
                self._requests.connect(os.fspath(path))

    def fork(self, job: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Has it fork a program, whose process and end are told by the last of the descriptors."""
        request = json.dumps(job).encode()
        socket.send_fds(self._requests, [len(request).to_bytes(4, "big")], descriptors)
        self._requests.sendall(request)


def _started(path: Path, library: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The process, which listens there from now on, and answers when its imports are done."""
    with socket.socket(socket.AF_UNIX) as listening, path.with_suffix(".lock").open("w") as lock:
        listening.bind(os.fspath(path))
        listening.listen(100)
        given = [listening.fileno(), lock.fileno()]
        return subprocess.Popen(
            [sys.executable, os.fspath(_SERVER), *map(str, given), library, *(UNASKED if library == "keras" else ())],
            env=environment,
            pass_fds=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # nothing comes; Python is to find what can't be sought, as pipes of programs can't
        )


def shared_by_a_run() -> Callable[[], None]:
    """Lets the processes that this one starts share what they fork from; returns what is to be called at their end."""
    folder = tempfile.TemporaryDirectory(prefix="fork-servers-")
    os.environ[_FOLDER] = folder.name
    return folder.cleanup


_servers: dict[tuple[Any, ...], _Server] = {}


def _server(library: str, env: Mapping[str, str]) -> _Server:
    """The one for a library, and for an environment as far as libraries may read it."""
    environment = {name: value for name, value in env.items() if not name.startswith(_OF_PROGRAMS)}
    key = (library, *sorted(environment.items()))
    if key not in _servers:
        _servers[key] = _Server(library, environment)
    return _servers[key]

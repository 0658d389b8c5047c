"""A Node program that serves on a port and ends with this process, however this process ends."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ..processes.forks import pid
from .data_folder import private
from .errors import BackendError


class NodeProcess:
    """A running Node script that answers one line of JSON on stdout once it serves.

    The script watches its stdin, a pipe whose other end is held here: the kernel closes it when this
    process ends, also by `kill -9`. The script runs in a session of its own, so that Ctrl-C in a
    terminal reaches Python alone, which may still have something to say to the server.

    Args:
        command: The program and its arguments.
        log: A file that gets what the script prints on stderr.
        env: Its environment.
        keep_open: File descriptors that it inherits.
        timeout: Seconds to wait for the first line.

    Attributes:
        process: The process itself.
        ready: The line, decoded, for example `{"port": 3030}`.

    Raises:
        BackendError: The script ended, or said nothing in time; the message has the log's last lines.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        keep_open: Sequence[int] = (),
        timeout: float = 60.0,
    ) -> None:
        self._name = Path(command[1]).name
        self._log = log
        self._owner = pid()
        with _opened(log) as stderr:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=dict(env),
                pass_fds=keep_open,
                start_new_session=True,
                umask=0o077,  # what it makes later is for its owner alone, too
            )
        try:
            self.ready: dict[str, Any] = self._first_line(timeout)
        except BaseException:  # also Ctrl-C must leave no process behind
            self.stop()
            raise

    def _first_line(self, timeout: float) -> dict[str, Any]:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            raise self.failure("ended at once" if readable else f"did not answer within {timeout:g} s")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def failure(self, what: str) -> BackendError:
        """The error that says what the script did, with the last lines of its log."""
        last = "\n".join(self._log.read_text(errors="replace").splitlines()[-12:])
        return BackendError(f"{self._name} {what}. Its log, {self._log}, ends with:\n{last}")

    def stop(self, timeout: float = 5.0) -> None:
        """Ends the script and waits until it is gone; a second call does nothing.

        In a forked child this does nothing either: the server is the parent's.
        """
        if pid() != self._owner:
            return
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _opened(log: Path) -> IO[bytes]:
    try:
        return open(log, "ab", opener=private)
    except OSError as error:
        raise BackendError(f"The log {log} can't be written ({error.strerror}).") from error

"""Our own executor: one fresh process a job, and a spare that has imported the server's module already."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...notices import THREADS
from ..definition import Reference
from .seam import Ended, Order

_PACKAGES = Path(__file__).resolve().parents[3]
_SPARE_WAITS = 5.0  # seconds until a spare begins its imports, so that it doesn't slow the job before it down
_PATIENCE = 5.0  # seconds from being told to end to SIGKILL
_SPARE_PATIENCE = 0.5  # the same for one that has no job


class Processes:
    """Runs each job in a process of its own.

    `_running` and `_spare` are read and written under `_lock` alone.

    Args:
        reference: Where the server's definition is.
        server: The server's own id.
        most: How many jobs run at a time.
        ended: Told when an order's process has ended.
    """

    def __init__(self, reference: Reference, server: str, most: int, ended: Ended) -> None:
        self._arguments = [*reference, server]
        self._most = most
        self._ended = ended
        self._lock = threading.Lock()
        self._running: dict[str, _Process] = {}
        self._spare = _Process(self._arguments, 0.0, self._on_end)

    @property
    def problem(self) -> str:
        """Nothing: a process is this machine's."""
        return ""

    @property
    def free(self) -> int:
        """How many more jobs can run now."""
        with self._lock:
            return self._most - len(self._running)

    def start(self, order: Order) -> None:
        """Gives an order to the spare, and makes another."""
        with self._lock:
            process = self._spare if self._spare.is_alive else _Process(self._arguments, 0.0, self._on_end)
            self._running[order.token] = process
            self._spare = _Process(self._arguments, _SPARE_WAITS, self._on_end)
        process.give(order)

    def kill(self, order: Order) -> bool:
        """Ends the process of an order: it is asked to, and after some seconds made to."""
        with self._lock:
            process = self._running.get(order.token)
        if process is not None:
            process.ask()
            process.end(_PATIENCE)
        return process is not None

    def close(self) -> None:
        """Ends all processes, and waits for them; those that have a job hand it back."""
        with self._lock:
            processes = [self._spare, *self._running.values()]
        for process in processes:
            process.tell_end()
            process.end(_PATIENCE if process.order is not None else _SPARE_PATIENCE)
        for process in processes:
            process.wait()

    def _on_end(self, process: _Process, reason: str | None) -> None:
        order = process.order
        if order is None:
            return
        with self._lock:
            self._running.pop(order.token, None)
        self._ended(order, reason)


class _Process:
    """One process, from its start to its end.

    Args:
        arguments: Where the server's definition is, and the server's own id.
        wait: Seconds that it waits for an order before it imports that.
        on_end: Called, on a thread of this process's own, when it has ended, with the reason if that is not a job's.

    Attributes:
        order: What it was given, if anything.
    """

    def __init__(self, arguments: list[str], wait: float, on_end: Callable[[_Process, str | None], None]) -> None:
        self.order: Order | None = None
        self._on_end = on_end
        self._failure: str | None = None
        self._is_done = False
        reads, writes = os.pipe()
        python_path = os.pathsep.join(filter(None, [os.fspath(_PACKAGES), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "marcelle_rt.serving", *arguments, str(writes), str(wait)],
            stdin=subprocess.PIPE,
            pass_fds=[writes],
            env={**os.environ, "PYTHONPATH": python_path},
            start_new_session=True,  # a Ctrl-C is the server's, and what the job starts can be ended with it
        )
        os.close(writes)
        self._reader = threading.Thread(target=self._read, args=[reads], name=f"{THREADS}answers", daemon=True)
        self._reader.start()
        self._waiter = threading.Thread(target=self._wait, name=f"{THREADS}process", daemon=True)
        self._waiter.start()

    @property
    def is_alive(self) -> bool:
        """Whether it can be given an order."""
        return self._process.poll() is None

    def give(self, order: Order) -> None:
        """Gives it its order."""
        self.order = order
        self._write(order._asdict())

    def tell_end(self) -> None:
        """Tells it that the server ends."""
        self._write({"end": True})

    def end(self, patience: float) -> None:
        """Makes it end if it has not after so many seconds; waits for nothing."""
        timer = threading.Timer(patience, self._signal, [signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def ask(self) -> None:
        """Asks it to end."""
        self._signal(signal.SIGTERM)

    def wait(self) -> None:
        """Waits until it has ended."""
        self._waiter.join()

    def _write(self, fields: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, its pipe broken or closed; `_wait` tells why
            self._process.stdin.write(json.dumps(fields).encode() + b"\n")
            self._process.stdin.flush()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _read(self, pipe: int) -> None:
        with os.fdopen(pipe, encoding="utf-8") as answers:
            for line in answers:
                answer = json.loads(line)
                self._failure = answer.get("failed", self._failure)
                self._is_done = answer.get("done", self._is_done)

    def _wait(self) -> None:
        code = self._process.wait()
        with contextlib.suppress(ProcessLookupError):  # what it has left behind; nobody else would end it
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.join(_PATIENCE)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # an order that it never read
            self._process.stdin.close()
        self._on_end(self, self._reason(code))

    def _reason(self, code: int) -> str | None:
        if self._failure is not None:
            return f"the server's module could not be imported: {self._failure.strip().splitlines()[-1]}"
        if code < 0:
            hint = " (the machine may have run out of memory)" if code == -signal.SIGKILL else ""
            return f"the job's process was killed by {signal.Signals(-code).name}{hint}"
        return None if code == 0 and self._is_done else f"the job's process ended with code {code}"

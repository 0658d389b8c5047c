"""What a worker is in: a process of its own, which can be ended for its job's sake, or somebody else's."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

PATIENCE = 10.0
"""Seconds that the process of a job may take to end."""


class Interrupted(SystemExit):
    """Ends the process of a job that is not to go on here.

    Attributes:
        reason: Why, for people.
        by_server: `"ended"` or `"killed"` where it ends because its server did; else `None`.
    """

    def __init__(self, reason: str, by_server: str | None = None) -> None:
        self.reason = reason
        self.by_server = by_server
        super().__init__(1)


class Surroundings:
    """Those of a worker that is somebody else's: a cluster's or a pool's. Nothing there is ended for a job.

    Attributes:
        interruption: What was raised in the task to end it, if anything was. A library may have made another error of
            it, as C++ does with what is raised while it raises an error of its own.
    """

    interruption: Interrupted | None = None

    def taken_away(self) -> None:
        """The job is another's; any thread calls it."""

    def finish(self) -> None:
        """The task has ended, and what is left is to say so."""


class OwnProcess(Surroundings):
    """Those of a worker that is alone in its process.

    `_finishing` and `_why` are written once each, and read by the main thread's signal handler, which writes
    `interruption`.
    """

    def __init__(self) -> None:
        self._finishing = False
        self._why: Interrupted | None = None
        signal.signal(signal.SIGTERM, self._on_terminate)

    def taken_away(self) -> None:
        """Ends the process, by force where it does not end by itself."""
        self.end(Interrupted("the job was taken away"))

    def finish(self) -> None:
        """Lets nothing but force end the process from now on: who has done a job is to say so."""
        self._finishing = True

    def end(self, why: Interrupted) -> None:
        """Has the main thread raise this; any other thread calls it.

        What is raised while a finalizer runs goes no further, as TensorFlow has some in each epoch: then it is raised
        once more.
        """
        self._why = why
        os.kill(os.getpid(), signal.SIGTERM)
        again = threading.Timer(PATIENCE / 2, os.kill, [os.getpid(), signal.SIGTERM])
        again.daemon = True
        again.start()
        _later(PATIENCE, 1, "")

    def leave(self) -> None:
        """Ends the process soon, also where the task has left threads behind that don't end."""
        _later(PATIENCE / 2, 0, "A thread that the task has left did not end, and was ended with the job's process.\n")

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        if not self._finishing:
            name = signal.Signals(number).name
            self.interruption: Interrupted | None = self._why or Interrupted(f"the job's process was ended by {name}")
            raise self.interruption


def _later(seconds: float, code: int, words: str) -> None:
    def end() -> None:
        sys.stdout.flush()
        sys.stderr.write(words)
        sys.stderr.flush()
        os._exit(code)

    ending = threading.Timer(seconds, end)
    ending.daemon = True
    ending.start()

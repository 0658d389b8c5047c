"""A training in a process of its own, which can be killed at any moment and tells what it has saved."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from types import TracebackType

from tests.support.trainings.misfortunes import Misfortunes
from tests.support.trainings.program import Options, train


class Training:
    """A child process that trains and records a run.

    Args:
        url: The backend, or a line to it.
        base: Where the run's folder is made.
        name: The run's base name.
        epochs: The first epoch and the one after the last.
        pause: Seconds that an epoch takes.
        files: Save a checkpoint and an asset each so many epochs; 0 for never.
        resume: A run's folder to go on with.
        finish_timeout: As `Writer` takes it.
        flushes: Flush each so many epochs, and tell whether all was there; 0 for never.
        shift: What is added to each loss.
        misfortunes: What befalls the child.

    Attributes:
        directory: The run's folder, once the child has told it.
        saved: The epochs whose `save_epoch` has returned, as far as they were read by `hear`.
        files_saved: How many checkpoints and assets were saved with them.
        flushed: The last epoch of which a flush has said that the copies have it; 0 for none.
        final: `Writer.status` after `train_end`, or `None`.
        told: What its user was told, once it has ended.
    """

    def __init__(
        self,
        url: str,
        base: Path,
        name: str,
        epochs: tuple[int, int],
        *,
        pause: float = 0.005,
        files: int = 0,
        resume: Path | None = None,
        finish_timeout: float = 30.0,
        flushes: int = 0,
        shift: float = 0.0,
        misfortunes: Misfortunes | None = None,
    ) -> None:
        self.directory: Path | None = None
        self.saved: list[int] = []
        self.files_saved = 0
        self.flushed = 0
        self.final: tuple[str, bool, str | None] | None = None
        self.told: list[str] = []
        self._pipe, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.support.trainings.forkserver_preload"])
        with _keras_without_a_framework():
            forkserver.ensure_running()
        options = Options(pause, files, resume, finish_timeout, flushes, shift, misfortunes or Misfortunes())
        self.process = context.Process(target=train, args=(theirs, url, base, name, epochs, options), daemon=True)
        self.process.start()
        theirs.close()

    def hear(self, timeout: float = 0.0) -> bool:
        """Reads what the child has told; whether there was something within `timeout` seconds."""
        heard = False
        try:
            while self._pipe.poll(0.0 if heard else timeout):
                kind, value = self._pipe.recv()
                heard = True
                if kind == "directory":
                    self.directory = Path(value)
                elif kind == "flushed":
                    self.flushed = value
                elif kind == "end":
                    self.final, self.told = value
                else:
                    self.saved.append(value[0])
                    self.files_saved += value[1]
        except EOFError:  # it has ended, and all that it told is read
            pass
        return heard

    def hear_of(self, epoch: int, timeout: float = 180.0) -> None:
        """Waits until an epoch was saved."""
        end = time.monotonic() + timeout
        while not self.saved or self.saved[-1] < epoch:
            assert self.hear(max(0.0, end - time.monotonic())), f"epoch {epoch} was not saved; {self.saved[-1:]}"

    def kill(self) -> Path | None:
        """`kill -9`; returns the folder, if the child came so far."""
        self.process.kill()
        self.process.join()
        self.hear()
        return self.directory

    def wait(self, timeout: float = 60.0) -> Path:
        """Waits for the end of the training, and returns the folder."""
        end = time.monotonic() + timeout
        while self.process.is_alive() and time.monotonic() < end:
            self.hear()  # a full pipe would hold it up
            self.process.join(0.05)
        assert self.process.exitcode == 0, f"the training ended with {self.process.exitcode}"
        self.hear()
        assert self.directory is not None
        return self.directory

    def __enter__(self) -> Training:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.join()
        self._pipe.close()


@contextmanager
def _keras_without_a_framework() -> Iterator[None]:
    """Children are forked, which a process with TensorFlow's threads would not survive."""
    before = os.environ.get("KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = "numpy"
    try:
        yield
    finally:
        if before is None:
            del os.environ["KERAS_BACKEND"]
        else:
            os.environ["KERAS_BACKEND"] = before

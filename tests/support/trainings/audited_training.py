"""A training in a process of its own, which can be killed at any moment and tells what it has saved."""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.pictures import PNG


def logs_of(epoch: int) -> dict[str, float]:
    """What an epoch logs; from `n` one reads in the backend's copy which epochs it has."""
    return {"n": epoch, "loss": epoch / 7}


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

    Attributes:
        directory: The run's folder, once the child has told it.
        saved: The epochs whose `save_epoch` has returned, as far as they were read by `hear`.
        files_saved: How many checkpoints and assets were saved with them.
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
    ) -> None:
        self.directory: Path | None = None
        self.saved: list[int] = []
        self.files_saved = 0
        self.ended = False
        self._pipe, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.support.trainings.forkserver_preload"])
        with _keras_without_a_framework():
            forkserver.ensure_running()
        options = {"pause": pause, "files": files, "resume": resume, "finish_timeout": finish_timeout}
        self.process = context.Process(target=_train, args=(theirs, url, base, name, epochs, options), daemon=True)
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
                elif kind == "end":
                    self.ended = True
                else:
                    self.saved.append(value[0])
                    self.files_saved += value[1]
        except EOFError:  # it has ended, and all that it told is read
            pass
        return heard

    def hear_of(self, epoch: int, timeout: float = 60.0) -> None:
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
        self.process.join(timeout)
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


def _train(pipe: Connection, url: str, base: Path, name: str, epochs: tuple[int, int], options: dict[str, Any]) -> None:
    from marcelle_rt import Writer

    warnings.simplefilter("ignore")
    model = _model() if options["files"] else None
    picture = base / f"{os.getpid()}.png"
    shared: dict[str, Any] = {"backend_root": url, "finish_timeout": options["finish_timeout"]}
    if options["resume"] is not None:
        writer = Writer.resume(options["resume"], disk_save_format="keras", **shared)
        writer.model = model
    else:
        writer = Writer(name, disk_save_format="keras", base_log_dir=base / "logs", **shared)
        writer.create_run(model)
    pipe.send(("directory", str(writer.run_directory)))
    writer.train_begin(epochs[1] - 1)
    for epoch in range(*epochs):
        time.sleep(options["pause"])
        with_files = options["files"] and epoch % options["files"] == 0
        if with_files:
            picture.write_bytes(PNG + str(epoch).encode())
        assets = [picture] if with_files else []
        writer.save_epoch(epoch, logs_of(epoch), save_checkpoint=bool(with_files), assets=assets)
        pipe.send(("epoch", (epoch, 2 if with_files else 0)))
    writer.train_end()
    pipe.send(("end", None))


def _model() -> Any:
    import keras

    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])

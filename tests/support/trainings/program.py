"""What a child of `audited_training` does: it trains, and tells what it has saved and what it was told of it."""

from __future__ import annotations

import logging
import os
import signal
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.pictures import PNG
from tests.support.trainings.misfortunes import Misfortunes

_FLUSH = 0.5  # seconds that a flush in mid-training waits


class Options(NamedTuple):
    """How it trains; see `Training`."""

    pause: float
    files: int
    resume: Path | None
    finish_timeout: float
    flushes: int
    shift: float
    misfortunes: Misfortunes


def logs_of(epoch: int, shift: float = 0.0) -> dict[str, float]:
    """What an epoch logs; from `n` one reads in the backend's copy which epochs it has."""
    return {"n": epoch, "loss": epoch / 7 + shift}


def train(pipe: Connection, url: str, base: Path, name: str, epochs: tuple[int, int], options: Options) -> None:
    """Trains.

    Args:
        pipe: Where it tells what happened.
        url: The backend.
        base: Where the run's folder is made.
        name: The run's base name.
        epochs: The first epoch and the one after the last.
        options: How.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    fate = options.misfortunes
    fate.begin()
    warnings.simplefilter("always" if fate.is_mute else "ignore")
    told = _Told()
    writer = _writer(url, base, name, options)
    pipe.send(("directory", str(writer.run_directory)))
    picture = base / f"{os.getpid()}.png"
    writer.train_begin(epochs[1] - 1)
    if fate.is_mute:
        writer.on_nan()
    for epoch in range(*epochs):
        time.sleep(options.pause)
        fate.befall(epoch, writer)
        with_files = bool(options.files) and epoch % options.files == 0
        if with_files:
            picture.write_bytes(PNG + str(epoch).encode())
        logs = {**logs_of(epoch, options.shift), **({"odd": float("nan")} if fate.is_mute else {})}
        writer.save_epoch(epoch, logs, save_checkpoint=with_files, assets=[picture] if with_files else [])
        pipe.send(("epoch", (epoch, 2 if with_files else 0)))
        if options.flushes and epoch % options.flushes == 0 and writer.flush(_FLUSH):
            pipe.send(("flushed", epoch))
    writer.train_end()
    pipe.send(("end", (tuple(writer.status), told.texts)))


class _Told(logging.Handler):
    """Keeps what the user is told, which the log has even where nothing may be shown."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.texts: list[str] = []
        ours = logging.getLogger("marcelle_rt")
        ours.addHandler(self)
        ours.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _writer(url: str, base: Path, name: str, options: Options) -> Any:
    from marcelle_rt import DataStore, Remote, Writer

    model = _model() if options.files else None
    shared: dict[str, Any] = {"finish_timeout": options.finish_timeout, "disk_save_format": "keras"}
    if options.misfortunes.timeout is None:
        shared["backend_root"] = url
    else:
        shared["remote"] = Remote(DataStore(url, timeout=options.misfortunes.timeout))
    if options.resume is not None:
        writer = Writer.resume(options.resume, **shared)
        writer.model = model
    else:
        writer = Writer(name, base_log_dir=base / "logs", **shared)
        writer.create_run(model)
    return writer


def _model() -> Any:
    import keras

    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])

"""The loggers that are compared: how each logs four scalars as its documentation says, and what its files hold.

This file runs in each candidate's own virtual environment, so it imports nothing but the standard library at its top.
`kept` reads a folder back by the tool's own reader, or by its file format where the reader would refuse a file
that was cut off: what can be read counts.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Found = dict[int, dict[str, float]]
"""Values by step and metric."""


def values(step: int) -> dict[str, float]:
    """What is logged at a step: other values each time."""
    return {
        "loss": 1 / (step + 1),
        "accuracy": 1 - 1 / (step + 2),
        "val_loss": 1 / (step + 3),
        "val_accuracy": 1 - 1 / (step + 4),
    }


def whole(found: Found) -> int:
    """How many steps have all four values as they were logged (one tool keeps 32 bits of them)."""
    return sum(
        all(math.isclose(found[step].get(name, math.nan), value, rel_tol=1e-6) for name, value in values(step).items())
        for step in found
    )


class Candidate:
    """One way to log."""

    package = ""
    """The line in requirements.txt; empty for what runs in the benchmark's own environment."""

    def __init__(self, folder: Path) -> None:
        """Opens a run in a folder."""

    def log(self, step: int, logs: dict[str, float]) -> None:
        """Logs one step."""

    def finish(self) -> None:
        """Ends the run."""

    @staticmethod
    def kept(folder: Path) -> Found:
        """What the folder's files hold."""
        raise NotImplementedError


class MarcelleDisk(Candidate):
    """`marcelle_rt`, writing to disk alone, as the others here do."""

    def __init__(self, folder: Path) -> None:
        from marcelle_rt import Writer

        backend = os.environ.get("PEERS_BACKEND")
        self.writer = Writer("peers", backend, base_log_dir=folder, remote=None if backend else False)
        self.writer.create_run()
        self.writer.train_begin(100_000)

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.writer.save_epoch(step, logs)

    def finish(self) -> None:
        self.writer.train_end()

    @staticmethod
    def kept(folder: Path) -> Found:
        from marcelle_rt.runs.folder.journal import read

        events = [event for directory in folder.iterdir() for event in read(directory)[0]]
        return {event["epoch"]: event["logs"] for event in events if event["type"] == "epoch"}


class MarcelleLive(MarcelleDisk):
    """`marcelle_rt`, writing to disk and to a real backend that runs on the same machine."""


class Trackio(Candidate):
    package = "trackio"

    def __init__(self, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = str(folder)
        import trackio

        self.tool = trackio
        trackio.init(project="peers", name="run")

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.tool.log(logs, step=step)

    def finish(self) -> None:
        self.tool.finish()

    @staticmethod
    def kept(folder: Path) -> Found:
        rows = _rows(folder / "peers.db", "select step, metrics from metrics")
        return {step: json.loads(metrics) for step, metrics in rows}


class Wandb(Candidate):
    package = "wandb"

    def __init__(self, folder: Path) -> None:
        os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
        import wandb

        self.run = wandb.init(project="peers", dir=folder)

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.run.log(logs, step=step)

    def finish(self) -> None:
        self.run.finish()

    @staticmethod
    def kept(folder: Path) -> Found:
        from wandb.proto.wandb_internal_pb2 import Record

        found: Found = {}
        for path in folder.glob("wandb/offline-run-*/run-*.wandb"):
            for content in _leveldb_log(path):
                record = Record.FromString(content)
                if record.WhichOneof("record_type") == "history":
                    items = {i.key or i.nested_key[0]: json.loads(i.value_json) for i in record.history.item}
                    found[record.history.step.num] = items
        return found


class Mlflow(Candidate):
    package = "mlflow"

    def __init__(self, folder: Path) -> None:
        os.environ.update(MLFLOW_DISABLE_TELEMETRY="true")
        import mlflow

        self.tool = mlflow
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.set_experiment("peers")
        mlflow.start_run()

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.tool.log_metrics(logs, step=step, synchronous=False)

    def finish(self) -> None:
        self.tool.flush_async_logging()
        self.tool.end_run()

    @staticmethod
    def kept(folder: Path) -> Found:
        found: Found = defaultdict(dict)
        for step, name, value in _rows(folder / "mlflow.db", "select step, key, value from metrics"):
            found[step][name] = value
        return found


class TensorboardX(Candidate):
    package = "tensorboardX"
    flush = False

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def log(self, step: int, logs: dict[str, float]) -> None:
        for name, value in logs.items():
            self.writer.add_scalar(name, value, step)
        if self.flush:
            self.writer.flush()

    def finish(self) -> None:
        self.writer.close()

    @staticmethod
    def kept(folder: Path) -> Found:
        from tensorboardX.proto.event_pb2 import Event

        found: Found = defaultdict(dict)
        for path in folder.glob("events.out*"):
            for content in _tfrecords(path.read_bytes()):
                event = Event.FromString(content)
                for value in event.summary.value:
                    found[event.step][value.tag] = value.simple_value
        return found


class TensorboardXFlush(TensorboardX):
    flush = True


class Swanlab(Candidate):
    package = "swanlab"

    def __init__(self, folder: Path) -> None:
        import swanlab

        self.tool = swanlab
        swanlab.init(project="peers", log_dir=str(folder), mode="offline")

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.tool.log(logs, step=step)

    def finish(self) -> None:
        self.tool.finish()

    @staticmethod
    def kept(folder: Path) -> Found:
        from swanlab.proto.swanlab.record.v1.record_pb2 import Record

        found: Found = defaultdict(dict)
        for path in folder.glob("run-*/run-*.swanlab"):
            for content in _leveldb_log(path):
                record = Record.FromString(content)
                if record.WhichOneof("record_type") == "scalar":
                    found[record.scalar.step][record.scalar.key] = record.scalar.value.number
        return found


class Aim(Candidate):
    package = "aim"

    def __init__(self, folder: Path) -> None:
        from aim import Run

        self.run = Run(repo=str(folder), experiment="peers")

    def log(self, step: int, logs: dict[str, float]) -> None:
        self.run.track(logs, step=step)

    def finish(self) -> None:
        self.run.close()

    @staticmethod
    def kept(folder: Path) -> Found:
        # Keys: ... 0xfe <context> 0xfe <metric> 0xfe "step" | "val" 0xfe 0xfe <eight bytes> 0xfe.
        import aimrocks

        parts: dict[str, dict[tuple[bytes, bytes], float]] = {"step": {}, "val": {}}
        for path in folder.glob(".aim/seqs/chunks/*"):
            items = aimrocks.DB(str(path), aimrocks.Options()).iteritems()
            items.seek_to_first()
            for key, value in items:
                for part, form in (("step", "<q"), ("val", "<d")):
                    head, mark, place = key.partition(b"\xfe%s\xfe\xfe" % part.encode())
                    if mark and key.startswith(b"seqs\xfev2") and len(value) == 9:
                        parts[part][head.rpartition(b"\xfe")[2], place] = struct.unpack(form, value[1:])[0]
        found: Found = defaultdict(dict)
        for (name, place), step in parts["step"].items():
            if (name, place) in parts["val"]:
                found[int(step)][name.decode()] = parts["val"][name, place]
        return found


CANDIDATES: dict[str, type[Candidate]] = {
    "marcelle_rt": MarcelleDisk,
    "marcelle_rt, live": MarcelleLive,
    "trackio": Trackio,
    "swanlab, offline": Swanlab,
    "wandb, offline": Wandb,
    "tensorboardX": TensorboardX,
    "tensorboardX, flush": TensorboardXFlush,
    "mlflow, async": Mlflow,
    "aim": Aim,
}


def _rows(path: Path, query: str) -> Iterable[Any]:
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _tfrecords(data: bytes) -> Iterator[bytes]:
    """The records of a TensorFlow event file that are there whole: length, checksum, content, checksum."""
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 12 + length + 4 > len(data):
            return
        yield data[at + 12 : at + 12 + length]
        at += 12 + length + 4


def _leveldb_log(path: Path) -> Iterator[bytes]:
    """The records of a log in LevelDB's format, with a header of 7 bytes, that are there whole."""
    data, at, block, header = path.read_bytes(), 7, 32768, 7
    record = b""
    while True:
        if block - at % block < header:
            at += block - at % block
        if at + header > len(data):
            return
        length, kind = struct.unpack_from("<HB", data, at + 4)
        content = data[at + header : at + header + length]
        if len(content) < length or kind == 0:
            return
        at += header + length
        record = content if kind in (1, 2) else record + content  # 1 whole, 2 first, 3 middle, 4 last part
        if kind in (1, 4):
            yield record

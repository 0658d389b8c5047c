"""Every kind of event: its fields, and the function that makes one; `event_checks.py` checks one that was read.

A run is a fold (`run.py`) of events, and its journal has one a line:

| type | fields |
|---|---|
| `create` | `version` of the format, `_id`, `run`: `basename`, `start`, `source`, `params`, `model` |
| `model` | `model`: what `get_model_info` tells, where it could not at the start |
| `extra` | `fields`: more that the run's document has; null takes one out of use |
| `params` | `params`: more of them, and others in place of what they were |
| `begin` | `epochs` |
| `epoch` | `epoch`, `place`, `logs` |
| `checkpoint` | `key`, `epoch`, `path`, `format`, `converted` (`format`, `path`; optional), `metadata` |
| `asset` | `key`, `epoch`, `path`, `filename`, `mime`, `metadata` |
| `document` | `service`, `document` (`_id`, `runId`, ...): lies beside the run |
| `drop` | `keys`: of the files that the run does not keep any more |
| `resume` | `keep`: how many places stay; `drop`: the keys of files that go; `batches`: the `_id`s of batches that do |
| `summary` | `logs`: values of the whole run; also after its end |
| `end` | `status`, `error`, `outcome` and `reason` (optional) |

and each has `time` in seconds since 1970. Four are never written. With `uploaded` (`list`, `key`, `entry`) and
`removed` (`key`) a replica tells its own fold what its backend has by now; with `identity` (`_id`, `origin`, `name`)
a copy gets an `_id` that is not the run's own. With `alive` a copy that was given up (status `error`) takes the
run's status again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

VERSION = 1
"""The journal's format. It grows when an older program would read a run wrongly; new kinds and fields don't need it."""

RUNS = "runs"
"""The service of the runs' documents."""

BATCHES = "run-batches"
SYSTEM = "run-system"
ALERTS = "run-alerts"
SERVICES = (BATCHES, SYSTEM, ALERTS)
"""The services that hold documents beside runs."""

HEARTBEATS = "run-heartbeats"
"""The service of the signs of life, which are not events."""

FILES = {"checkpoint": "checkpoints", "asset": "assets"}
"""The events that stand for files, and the list of the run that holds them."""

OUTCOMES = ("stopped", "pruned")
"""How a run may end early that did not fail."""

Event = Mapping[str, Any]
"""Any of the kinds below, or one that a later version knows."""


class Create(TypedDict):
    """The run exists."""

    type: Literal["create"]
    time: float
    version: int
    _id: str
    run: dict[str, Any]


class Model(TypedDict):
    """What the model is, where that was not known at the start."""

    type: Literal["model"]
    time: float
    model: dict[str, Any]


class Extra(TypedDict):
    """The run's document has more fields, or other values in them."""

    type: Literal["extra"]
    time: float
    fields: dict[str, Any]


class Params(TypedDict):
    """More parameters, and others in place of what they were."""

    type: Literal["params"]
    time: float
    params: dict[str, Any]


class Begin(TypedDict):
    """The training begins."""

    type: Literal["begin"]
    time: float
    epochs: int


class _Epoch(TypedDict):
    type: Literal["epoch"]
    time: float
    epoch: int
    place: int
    logs: dict[str, float | int | None]


class Epoch(_Epoch, total=False):
    """An epoch's values; `place` is its index in the run's lists, and `at` the number that was given, if not whole."""

    at: float


class Converted(TypedDict):
    """What a browser can run, beside the checkpoint that it was made of."""

    format: str
    path: str


class _File(TypedDict):
    time: float
    key: str
    epoch: int | str
    path: str


class _Checkpoint(_File):
    type: Literal["checkpoint"]
    format: str
    metadata: dict[str, Any]


class Checkpoint(_Checkpoint, total=False):
    """A model was saved."""

    converted: Converted


class _Asset(_File):
    type: Literal["asset"]
    filename: str
    mime: str


class Asset(_Asset, total=False):
    """A file was kept with an epoch."""

    metadata: dict[str, Any]


class Document(TypedDict):
    """A document beside the run."""

    type: Literal["document"]
    time: float
    service: str
    document: dict[str, Any]


class Drop(TypedDict):
    """The run does not keep some of its files any more."""

    type: Literal["drop"]
    time: float
    keys: list[str]


class Resume(TypedDict):
    """The run goes on from its first `keep` places."""

    type: Literal["resume"]
    time: float
    keep: int
    drop: list[str]
    batches: list[str]


class Summary(TypedDict):
    """Values of the whole run, such as those of a test after it."""

    type: Literal["summary"]
    time: float
    logs: dict[str, float | int | None]


class _End(TypedDict):
    type: Literal["end"]
    time: float
    status: str
    error: str | None


class End(_End, total=False):
    """The run ended; `error` says why, where it failed.

    One that was left off before its last epoch, and did not fail, has how (`OUTCOMES`) and why.
    """

    outcome: str
    reason: str | None


Written = (
    Create | Model | Extra | Params | Begin | Epoch | Checkpoint | Asset | Document | Drop | Resume | Summary | End
)
"""What a journal gets."""


class Uploaded(TypedDict):
    """A backend has a file by now; `entry` is what stands for it in the run's `list`."""

    type: Literal["uploaded"]
    list: str
    key: str
    entry: dict[str, Any]


class Removed(TypedDict):
    """A backend has no longer a file that the run dropped."""

    type: Literal["removed"]
    key: str


class Identity(TypedDict):
    """This copy has an `_id` that is not the run's own, which is its `origin`."""

    type: Literal["identity"]
    _id: str
    origin: str
    name: str | None


class Alive(TypedDict):
    """A copy that was given up takes the run's status again."""

    type: Literal["alive"]


# Seconds since 1970 come first, because nothing here looks at a clock.


def create(time: float, run_id: str, run: Mapping[str, Any]) -> Create:
    """Makes the event that every journal begins with."""
    return {"type": "create", "time": time, "version": VERSION, "_id": run_id, "run": dict(run)}


def model(time: float, info: dict[str, Any]) -> Model:
    """Makes the event of a model that could not be described at the start."""
    return {"type": "model", "time": time, "model": info}


def extra(time: float, fields: Mapping[str, Any]) -> Extra:
    """Makes the event of fields that the run's document has beside those that all runs have."""
    return {"type": "extra", "time": time, "fields": dict(fields)}


def params(time: float, fields: Mapping[str, Any]) -> Params:
    """Makes the event of parameters that were not known at the start."""
    return {"type": "params", "time": time, "params": dict(fields)}


def begin(time: float, epochs: int) -> Begin:
    """Makes the event of a training's begin."""
    return {"type": "begin", "time": time, "epochs": epochs}


def epoch(time: float, number: int, place: int, logs: dict[str, float | int | None], at: float | None = None) -> Epoch:
    """Makes the event of an epoch."""
    event: Epoch = {"type": "epoch", "time": time, "epoch": number, "place": place, "logs": logs}
    if at is not None:
        event["at"] = at
    return event


def checkpoint(
    time: float,
    number: int | str,
    path: str,
    disk_format: str,
    *,
    converted: Converted | None = None,
    metadata: Mapping[str, Any] = {},
    key: str | None = None,
) -> Checkpoint:
    """Makes the event of a model that was saved; it gets a key of its own if none is given."""
    event: Checkpoint = {
        "type": "checkpoint",
        "time": time,
        "key": key or uuid.uuid4().hex,
        "epoch": number,
        "path": path,
        "format": disk_format,
        "metadata": dict(metadata),
    }
    if converted is not None:
        event["converted"] = converted
    return event


def asset(
    time: float,
    number: int | str,
    path: str,
    filename: str,
    mime: str,
    *,
    metadata: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Asset:
    """Makes the event of a file that was kept; it gets a key of its own if none is given."""
    event: Asset = {
        "type": "asset",
        "time": time,
        "key": key or uuid.uuid4().hex,
        "epoch": number,
        "path": path,
        "filename": filename,
        "mime": mime,
    }
    if metadata is not None:
        event["metadata"] = dict(metadata)
    return event


def document(time: float, service: str, run_id: str, fields: Mapping[str, Any]) -> Document:
    """Makes the event of a document beside the run, which gets an `_id` of its own."""
    own = {"_id": str(uuid.uuid4()), "runId": run_id, **fields}
    return {"type": "document", "time": time, "service": service, "document": own}


def drop(time: float, keys: Iterable[str]) -> Drop:
    """Makes the event of files that are not kept any more."""
    return {"type": "drop", "time": time, "keys": list(keys)}


def resume(time: float, keep: int, drop: list[str], batches: list[str]) -> Resume:
    """Makes the event of a run that goes on."""
    return {"type": "resume", "time": time, "keep": keep, "drop": drop, "batches": batches}


def summary(time: float, logs: Mapping[str, float | int | None]) -> Summary:
    """Makes the event of values of the whole run."""
    return {"type": "summary", "time": time, "logs": dict(logs)}


def end(time: float, status: str, reason: str | None) -> End:
    """Makes the event of a run's end.

    Args:
        time: Seconds since 1970.
        status: `"success"` or `"error"`; or one of `OUTCOMES`, which are successes for whoever does not know them.
        reason: Why, if there is something to say.
    """
    if status not in OUTCOMES:
        return {"type": "end", "time": time, "status": status, "error": reason}
    return {"type": "end", "time": time, "status": "success", "error": None, "outcome": status, "reason": reason}


def uploaded(list_name: str, key: str, entry: dict[str, Any]) -> Uploaded:
    """Makes the event of a file that a backend has."""
    return {"type": "uploaded", "list": list_name, "key": key, "entry": entry}


def removed(key: str) -> Removed:
    """Makes the event of a dropped file that a backend has no longer."""
    return {"type": "removed", "key": key}


def identity(run_id: str, origin: str, name: str | None) -> Identity:
    """Makes the event of a copy under another `_id`."""
    return {"type": "identity", "_id": run_id, "origin": origin, "name": name}


def alive() -> Alive:
    """Makes the event of a copy that was given up too early."""
    return {"type": "alive"}

"""The format of a run: what `run_data.json` holds, what `Remote.create` takes, what dashboards read."""

from __future__ import annotations

from typing import Any, TypedDict


class Checkpoint(TypedDict, total=False):
    """A model saved during a run. `id`, `name` and `service` are there once it is on a backend."""

    id: str
    """`_id` of the model's document; a dashboard loads it by `tfjsModel.load(store, id)`."""
    name: str
    """`<run's name>@<epoch>`."""
    service: str
    """The service that holds it: `tfjs-models` or `onnx-models`."""
    metadata: dict[str, Any]
    """`epoch`, `local_path` (relative to the run's folder), `local_format`, and the user's own keys."""


class Asset(TypedDict, total=False):
    """A file that belongs to an epoch. `_id` and `url` are there once it is on a backend."""

    _id: str
    """`_id` of the document in the service `assets`."""
    url: str
    """`<id>/<file>`: the file is at `<backend>/assets/<id>/<file>`."""
    filename: str
    mime: str
    epoch: int
    local_path: str
    """Relative to the run's folder where the file was copied there."""


class RunData(TypedDict, total=False):
    """A run's document.

    Dashboards need `basename`, `start`, `params` and `logs` (both may be `{}`) from the first moment on.
    """

    _id: str
    """The run's identity: a UUID of 36 characters, the same on every backend."""
    name: str
    """`<basename>-<n>`, given by the backend's copy: the number counts the runs of that basename there."""
    basename: str
    """The name that the user gave."""
    start: str
    """When the run was created: ISO 8601, UTC, milliseconds, `Z`."""
    source: str
    """The framework, for example `keras`."""
    tags: list[str]
    """Words by which people find the run. These three are theirs: what they change on a backend stays."""
    group: str
    """What the run belongs to, for example a sweep."""
    notes: str
    status: str
    """`idle` (created), `start` (training began), `epoch` (epochs arrive), `success` or `error`."""
    end: str
    """When the run ended, like `start`; `None` where it goes on again. Of a program that stopped without reporting an
    end it is when it was heard of last."""
    epoch: int
    """The epoch that was saved last, as the caller numbered it."""
    epochs: int
    """How many epochs are planned."""
    x: str
    """`step` where a place of `logs` is a step that was logged and no epoch; missing else."""
    params: dict[str, Any]
    """What the user wants to remember, for example hyperparameters. Flat values show best."""
    logs: dict[str, list[float | None]]
    """For each metric a value an epoch, all lists equally long; `None` where an epoch has none."""
    checkpoints: list[Checkpoint]
    assets: list[Asset]
    model: dict[str, Any]
    """What `get_model_info` returns: `name`, `param_count`, `summary`, `layers`, `loss`."""
    epoch_numbers: list[list[int]]
    """Where the epochs' numbers are not consecutive: the first place, the first number and the step of each stretch."""
    summary: dict[str, float | None]
    """Values of the whole run, such as those of a test."""
    outcome: str
    """How a run ended early that did not fail: `stopped` or `pruned`."""
    reason: str
    """Why it did."""
    error: str
    """Why the run ended, where `status` is `error`."""
    steering: dict[str, list[str]] | None
    """What the training can be asked while it goes on: `commands`, and the names that `set` takes."""
    origin: str
    """On backends only: the run's own `_id`, where this copy had to get another."""
    rev: str
    """On backends only: a zero-padded number that grows with every write, so that a late one can't undo."""
    writer: str
    """On backends only: the folder and the program that wrote the copy last, so that no other one undoes it."""

"""What tests of the command share: runs to run it on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.values import iso


@pytest.fixture
def make_run(store: DataStore) -> Callable[..., dict[str, Any]]:
    """Creates a run's document; fields as given."""

    def make(name: str, **fields: Any) -> dict[str, Any]:
        document = {
            "_id": str(uuid.uuid4()),
            "name": name,
            "basename": name.rpartition("-")[0],
            "start": iso(dt.datetime.now(dt.timezone.utc)),
            "source": "keras",
            "status": "success",
            "epoch": 3,
            "epochs": 3,
            "params": {"lr": 0.1},
            "logs": {"accuracy": [0.5, 0.75, 0.625], "loss": [1.0, 0.5, 0.25]},
            "checkpoints": [],
            "assets": [],
            "rev": "0000000000000001",
            **fields,
        }
        stored: dict[str, Any] = store.service("runs").create(document)
        return stored

    return make


@pytest.fixture
def own_store(own_backend: Callable[..., Backend]) -> Iterator[DataStore]:
    """A `DataStore` on a backend of the test's own."""
    with DataStore(own_backend().url) as opened:
        yield opened

"""What tests of faults share: a line to the real backend, and a training in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Remote
from marcelle_rt.backend import Backend
from tests.faults.live import Live
from tests.faults.proxy import Proxy


@pytest.fixture
def proxy(backend: Backend) -> Iterator[Proxy]:
    """A line to the shared backend that can break."""
    with Proxy(backend.url) as line:
        yield line


@pytest.fixture
def remote(backend: Backend) -> Iterator[Remote]:
    with Remote(backend.url) as opened:
        yield opened


@pytest.fixture(scope="session")
def model() -> Any:
    keras = pytest.importorskip("keras")
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


@pytest.fixture
def train(model: Any, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts trainings in this process; arguments as for `Live`, but for the folder and the model."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(Live(url, tmp_path, model, **options))

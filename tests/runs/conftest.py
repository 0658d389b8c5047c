"""What tests of runs share: a remote, a small model, a picture."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Remote, Writer
from marcelle_rt.backend import Backend

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def remote(backend: Backend) -> Iterator[Remote]:
    with Remote(backend.url) as opened:
        yield opened


@pytest.fixture
def model() -> Any:
    keras = pytest.importorskip("keras")
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "fig.png"
    path.write_bytes(PNG)
    return path


def uploads_of(backend: Backend) -> set[Path]:
    return {p for p in (Path(backend.data) / "uploads").rglob("*") if p.is_file()}


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer("w", remote=False, base_log_dir=tmp_path / "logs")
    yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.end("success")

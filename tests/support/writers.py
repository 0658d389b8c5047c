"""What a `Writer` said and left behind: warnings, the run's document on disk, files on the backend."""

from __future__ import annotations

import json
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning


def document(writer: Writer) -> dict[str, Any]:
    assert writer.flush()
    assert writer.run_directory is not None
    data: dict[str, Any] = json.loads((writer.run_directory / "run_data.json").read_text())
    return data


def said(call: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MarcelleWarning)
        call()
    return [str(w.message) for w in caught if issubclass(w.category, MarcelleWarning)]


def offline_run(base: Path, model: Any, picture: Path, **options: Any) -> Writer:
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=base / "logs", **options)
    writer.create_run(model)
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    writer.save_epoch(2, {"loss": 0.5}, assets=[picture])
    writer.train_end(save_checkpoint=True)
    return writer


def uploads_of(backend: Backend) -> set[Path]:
    return {p for p in (Path(backend.data) / "uploads").rglob("*") if p.is_file()}

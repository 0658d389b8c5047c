"""Small trainings of each framework, on data that a straight line fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from marcelle_rt import Writer

X = np.random.default_rng(0).random((64, 4)).astype("float32")
Y = (X.sum(axis=1) > 2).astype("int64")


def offline(folder: Path, **options: Any) -> dict[str, Any]:
    """What sends runs nowhere."""
    return {"base_log_dir": folder, "remote": False, **options}


def runs(folder: Path) -> list[dict[str, Any]]:
    """The runs in a folder of runs, in the order of their creation."""
    return [json.loads((path / "run_data.json").read_text()) for path in sorted(folder.iterdir())]


def only(folder: Path) -> dict[str, Any]:
    """The only run in a folder of runs."""
    (run,) = runs(folder)
    return run


def chunks(writer: Writer) -> dict[str, list[Any]]:
    """What a run's batches logged, in one list for each metric, with `steps`."""
    assert writer.run_directory is not None
    lines = [json.loads(line) for line in (writer.run_directory / "journal.jsonl").read_text().splitlines()]
    found: dict[str, list[Any]] = {"steps": []}
    for line in lines:
        if line["type"] == "document" and line["service"] == "run-batches":
            found["steps"] += line["document"]["steps"]
            for name, values in line["document"]["logs"].items():
                found.setdefault(name, []).extend(values)
    return found

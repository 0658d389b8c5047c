"""Runs and backends that answer nonsense: the training goes on, uploads raise our own errors, no thread dies."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Remote, Uploader, Writer
from marcelle_rt.errors import MarcelleError
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder import reading
from tests.helpers import eventually
from tests.support.hostile_server import Frames, Hostile, ack, frame


def page(*documents: Any) -> dict[str, Any]:
    return {"total": len(documents), "limit": 100, "skip": 0, "data": list(documents)}


def answering(found: Any, document: Any) -> Frames:
    """Answers each `find` with one thing, and each other call with another."""
    return lambda server, number, call: ack(number, None, found if call[0] == "find" else document)


ANSWERS: dict[str, Frames] = {
    "texts": answering("found", "document"),
    "empty documents": answering(page({}), {}),
    "documents of other parts": answering(
        page({"_id": "x", "name": 7, "basename": [], "rev": {}, "logs": [1], "checkpoints": 5, "createdAt": {}}),
        {"_id": "x", "name": {"a": 1}, "rev": [1], "logs": "none", "checkpoints": {"a": 1}, "assets": [7], "error": 1},
    ),
    "lists in lists": answering(page({"_id": "x", "checkpoints": [[1]], "assets": [None]}), {"logs": {"loss": [[[]]]}}),
    "names that lead elsewhere": answering(
        page({"_id": "../../x", "name": "../../etc/passwd-1", "basename": "../b"}),
        {"_id": "../x", "name": "../../etc/passwd", "basename": "/etc", "start": "../..", "logs": {}},
    ),
    "broken frames": lambda server, number, call: [frame("43{")],
    "huge frames": lambda server, number, call: [frame("43", length=1 << 40)],
}


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def is_whole(file: Path) -> bool:
    """Whether a run's document was written for the last time."""
    return file.exists() and json.loads(file.read_bytes())["status"] == "success"


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_training_goes_on_and_its_folder_is_whole_whatever_the_backend_answers(
    tmp_path: Path, answer: Frames
) -> None:
    logs = tmp_path / "logs"
    with Hostile(answer) as server, warnings.catch_warnings(record=True), Remote(server.url) as remote:
        warnings.simplefilter("always", MarcelleWarning)
        writer = Writer("hostile", base_log_dir=logs, remote=remote, finish_timeout=0.3)
        writer.create_run()
        writer.train_begin(5)
        for epoch in range(5):
            writer.save_epoch(epoch, {"loss": 1.0})
        writer.train_end()
        directory = Path(str(writer.run_directory))
        writer.close()
        run, torn = reading.read(directory)
        assert (len(run.epochs), run.fields["status"], torn) == (5, "success", 0)
        eventually(lambda: is_whole(directory / "run_data.json"))  # on a busy machine it is written after the 0.3 s
        before = files_under(tmp_path)
        with pytest.raises(MarcelleError):
            Uploader(remote).upload(directory)
        assert files_under(tmp_path) == before
    assert all(name == "logs" or name.startswith("logs/") for name in files_under(tmp_path))

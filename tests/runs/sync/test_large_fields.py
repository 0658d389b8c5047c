"""A run's fields that no message could carry: the backend gets the run all the same, and the folder all of it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.document.shorten import shortened
from marcelle_rt.values import dumps

values = st.one_of(st.integers(-999, 999), st.text(max_size=400), st.lists(st.integers(-999, 999), max_size=50))


@given(st.dictionaries(st.text(max_size=5), values), st.text(max_size=2000), st.integers(1000, 3000))
def test_fields_are_shortened_to_what_fits_and_no_more(params: dict, summary: str, limit: int) -> None:
    fields = {"basename": "b", "params": params, "model": {"summary": summary}, "status": "idle"}
    short, replaced = shortened(fields, limit)
    assert len(dumps(short)) <= limit
    assert set(short) == set(fields)
    assert isinstance(short["params"], dict)
    assert (short == fields) == (not replaced) == (len(dumps(fields)) <= limit)


def test_tens_of_thousands_of_small_params_leave_room_for_the_rest() -> None:
    short, replaced = shortened({"basename": "b", "params": {f"p{n}": n for n in range(10_000)}}, 50_000)
    assert (short, replaced) == ({"basename": "b", "params": {}}, ["params"])


def test_a_run_with_huge_params_reaches_the_backend_without_them(
    backend: Backend, store: DataStore, remote: Remote, tmp_path: Path
) -> None:
    words = ["word" + str(n) for n in range(200_000)]
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run(run_params={"lr": 0.5, "words": words})
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 1.0})
    with pytest.warns(MarcelleWarning, match=r"a short text stands there for params\.words"):
        assert not writer.flush()  # the backend does not have all of it
    assert writer.status.problem == "too large for a message: params.words"
    writer.save_epoch(2, {"loss": 0.5})
    writer.train_end()
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], run["logs"], run["params"]["lr"]) == ("success", {"loss": [1.0, 0.5]}, 0.5)
    assert "the run's folder has it" in run["params"]["words"]
    assert writer.run_directory is not None
    document = json.loads((writer.run_directory / "run_data.json").read_text())
    assert document["params"] == {"lr": 0.5, "words": words}
    with pytest.warns(MarcelleWarning, match=r"params\.words"):
        Uploader(remote).upload(writer.run_directory, overwrite=True)
    (again,) = store.service("runs").items({"basename": writer.name})
    assert again["params"] == run["params"]

"""Arguments of another kind are refused where they are given, and the error names them and the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.errors import InvalidData
from tests.support.writers import said


@pytest.mark.parametrize("remote", ["http://localhost:3999", 3030, True])
def test_what_is_not_a_remote_is_refused_with_the_way_out(remote: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"remote: .* is not a Remote; give backend_root=URL, or remote=Remote\("):
        Writer("w", remote=remote, base_log_dir=tmp_path)


def test_a_store_is_not_a_remote(tmp_path: Path) -> None:
    with DataStore("http://localhost:9") as store, pytest.raises(InvalidData, match=r"is not a Remote"):
        Writer("w", remote=store, base_log_dir=tmp_path)  # type: ignore[arg-type]


def test_names_and_folders_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"rename: 'loss' is not a mapping of names"):
        Writer("w", remote=False, base_log_dir=tmp_path, rename="loss")  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match=r"base_log_dir: 5 is not a folder"):
        Writer("w", remote=False, base_log_dir=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match=r"source: 3 is not text; use a framework's name, such as 'pytorch'"):
        Writer("w", remote=False, base_log_dir=tmp_path, source=3)  # type: ignore[arg-type]
    for name in (3, None, ["digits"]):
        with pytest.raises(InvalidData, match=r"name: .* is not text; give the runs a name, such as 'digits'"):
            Writer(name, remote=False, base_log_dir=tmp_path)  # type: ignore[arg-type]


def test_flush_takes_a_number_of_seconds(writer: Writer) -> None:
    with pytest.raises(InvalidData, match=r"timeout: '1' is not a number of seconds"):
        writer.flush("1")  # type: ignore[arg-type]
    writer.create_run()
    assert writer.flush(10)


def test_parameters_in_the_models_place_are_told_where_they_go(writer: Writer) -> None:
    (text,) = said(lambda: writer.create_run({"lr": 1}))
    assert "did you mean run_params=...?" in text


def test_what_is_not_a_model_is_told_by_its_value(writer: Writer) -> None:
    (text,) = said(lambda: writer.create_run(42))
    assert "model: 42 is not a model of a framework that is known here" in text
    assert "create_run takes the model first" in text


@pytest.mark.parametrize("params", ["lr", [1]])
def test_parameters_without_names_are_kept_and_told_what_is_expected(params: Any, writer: Writer) -> None:
    (text,) = said(lambda: writer.create_run(run_params=params))
    assert text == "run_params are names with values, as in {'lr': 0.01}; what was given is kept as 'run_params'."


def test_a_writers_repr_tells_what_was_recorded(writer: Writer) -> None:
    assert repr(writer) == "Writer('w')"
    writer.create_run()
    assert repr(writer) == "Writer('w', epoch=None, status='idle')"
    writer.train_begin(2)
    assert repr(writer) == "Writer('w', epoch=None, status='start')"
    for epoch in (1, 2):
        writer.save_epoch(epoch, {"loss": 1.0})
        assert repr(writer) == f"Writer('w', epoch={epoch}, status='epoch')"
    writer.train_end()
    assert repr(writer) == "Writer('w', epoch=2, status='success')"

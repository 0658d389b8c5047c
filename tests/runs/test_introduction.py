"""Whoever starts a run is told which it is, where it goes and how to look at it; and can ask for it later."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend


def test_a_run_says_in_one_line_what_it_is_where_it_goes_and_how_to_look(
    backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = uuid.uuid4().hex
    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        shown = capsys.readouterr()
    assert (shown.out, capsys.readouterr().err) == ("", "")
    assert shown.err == (
        f"marcelle-rt: the run '{name}' is recorded in {writer.run_directory} and goes to {backend.url}; "
        f"see it with: marcelle-rt dashboard --backend {backend.url} "
        f"(in this terminal: marcelle-rt watch basename={name} --backend {backend.url})\n"
    )


def test_the_command_of_that_line_needs_no_backend_where_it_is_the_environments(
    backend: Backend, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_BACKEND", backend.url)
    with Writer("two words", base_log_dir=tmp_path) as writer:
        writer.create_run()
    assert capsys.readouterr().err.endswith(
        "; see it with: marcelle-rt dashboard (in this terminal: marcelle-rt watch 'basename=two words')\n"
    )


def test_a_run_that_goes_on_says_so_and_an_offline_one_says_that_nothing_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = Writer("off", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_end()
    assert writer.run_directory is not None
    assert capsys.readouterr().err.endswith(
        f"; nothing is sent to a backend; see it with: marcelle-rt dashboard {writer.run_directory}\n"
    )
    Writer.resume(writer.run_directory, remote=False).close()
    assert f"the run 'off' goes on in {writer.run_directory}" in capsys.readouterr().err


def test_silence_shows_no_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_SILENT", "1")
    with Writer("quiet", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run()
    assert capsys.readouterr().err == ""


def test_a_writer_knows_its_runs_id_name_and_url(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    writer = Writer(name, backend.url + "/", base_log_dir=tmp_path)
    assert (writer.run_id, writer.run_name, writer.url) == (None, None, backend.url)
    assert repr(writer) == f"Writer('{name}')"
    writer.create_run()
    writer.save_epoch(3, {"loss": 1.0})
    assert writer.flush()
    (run,) = store.service("runs").items({"basename": name})
    assert (writer.run_id, writer.run_name) == (run["_id"], f"{name}-1")
    assert repr(writer) == f"Writer('{name}', run='{name}-1', epoch=3, status='epoch')"
    writer.train_end()
    assert Writer("off", remote=False).url is None


def test_a_remote_shows_its_backend() -> None:
    assert repr(Remote("http://somewhere:3030", "onnx")) == "Remote('http://somewhere:3030', save_format='onnx')"


@pytest.mark.parametrize("closed", ["2>&-", "2>&1 | head -c 0"], ids=["no stderr", "a reader that is gone"])
def test_a_stderr_that_is_closed_stops_no_run(closed: str, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(
        """
import sys
from marcelle_rt import Writer
writer = Writer("x", "http://127.0.0.1:9", base_log_dir=sys.argv[1], finish_timeout=0.3)
writer.on_nan()
writer.create_run()
writer.train_begin(100)
for epoch in range(100):
    writer.save_epoch(epoch, {"loss": float("nan") if epoch == 50 else 1.0})
    writer.alert("Look here") if epoch > 50 else None
writer.train_end()
open(sys.argv[2], "w").write("yes")
"""
    )
    finished = tmp_path / "finished"
    command = f"{sys.executable} {program} {tmp_path / 'logs'} {finished} {closed}"
    subprocess.run(command, shell=True, timeout=60)
    assert finished.exists()

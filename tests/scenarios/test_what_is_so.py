"""`complete`, `flush()` and `success` are said of what is so: on a real backend, with faults that pass or do not."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.uploads import Uploads
from marcelle_rt.errors import GeneralError, MarcelleError, RunFolderError, TooManyRequests
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder import journal
from marcelle_rt.runs.remote.run_documents import RunDocuments

pytestmark = pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")


def pictures(folder: Path, *sizes: int) -> list[Path]:
    files = [folder / f"{n}.png" for n in range(len(sizes))]
    for file, size in zip(files, sizes, strict=True):
        file.write_bytes(os.urandom(size))
    return files


def run_of(store: DataStore, writer: Writer) -> dict[str, Any]:
    (run,) = store.service("runs").items({"basename": writer.name})
    return run


@pytest.fixture
def faulty_uploads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the uploads of files of some sizes fail so many times."""

    def fail(error: Exception, is_hit: Callable[[int], bool], times: int) -> None:
        left = [times]

        def post(self: Uploads, path: str, files: Iterable[Any], progress: bool = True) -> Any:
            files = list(files)
            if left[0] and is_hit(sum(file[2].stat().st_size for file in files)):
                left[0] -= 1
                raise error
            return real(self, path, files, progress)

        monkeypatch.setattr(Uploads, "post_files", post)

    real = Uploads.post_files
    return fail


@pytest.mark.parametrize("error", [TooManyRequests("slow down"), GeneralError("a passing fault")], ids=["429", "500"])
def test_one_passing_error_drops_no_file(
    backend: Backend, store: DataStore, tmp_path: Path, faulty_uploads: Callable[..., None], error: Exception
) -> None:
    faulty_uploads(error, lambda size: True, 1)
    files = pictures(tmp_path, 10, 10)
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    for n, file in enumerate(files):
        writer.save_epoch(n, {"loss": 1.0}, assets=[file])
    writer.train_end()
    assert writer.status == ("success", True, None)
    assert sorted(asset["filename"] for asset in run_of(store, writer)["assets"]) == ["0.png", "1.png"]


def test_a_file_that_a_proxy_refuses_is_named_and_holds_up_no_other(
    backend: Backend, store: DataStore, tmp_path: Path, faulty_uploads: Callable[..., None]
) -> None:
    too_large = GeneralError("the answer has the HTTP status 413, and no JSON with it", code=413)
    faulty_uploads(too_large, lambda size: size > 1000, 99)
    files = pictures(tmp_path, 10, 2000, 10)
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    for n, file in enumerate(files):
        writer.save_epoch(n, {"loss": 1.0}, assets=[file])
    with pytest.warns(MarcelleWarning, match=r"1\.png \(2,000 bytes\).*client_max_body_size.*marcelle-rt upload"):
        assert not writer.flush()
    writer.train_end()
    assert writer.status == ("success", False, "1 of its files could not be uploaded")
    assert sorted(asset["filename"] for asset in run_of(store, writer)["assets"]) == ["0.png", "2.png"]


def test_an_upload_goes_past_a_file_that_is_refused_and_tries_what_passes_again(
    backend: Backend, store: DataStore, tmp_path: Path, faulty_uploads: Callable[..., None]
) -> None:
    files = pictures(tmp_path, 10, 2000, 10)
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path / "logs")
    for n, file in enumerate(files):
        writer.save_epoch(n, {"loss": 1.0}, assets=[file])
    writer.train_end()
    assert writer.run_directory is not None
    faulty_uploads(GeneralError("no", code=413), lambda size: size > 1000, 1)
    with Remote(backend.url) as remote:
        done = Uploader(remote).upload(writer.run_directory)
        assert (done.sent, list(done.refused)) == (2, ["assets/1.png"])
        pauses: list[float] = []
        faulty_uploads(TooManyRequests("slow down"), lambda size: True, 2)
        done = Uploader(remote, sleep=pauses.append).upload(writer.run_directory)
    assert (done.sent, done.refused, pauses) == (1, {}, [0.5, 1.0])
    assert len(run_of(store, writer)["assets"]) == 3


def test_one_passing_error_of_a_service_beside_a_run_costs_no_document(
    backend: Backend, store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = RunDocuments.create_beside, [1]

    def once(self: RunDocuments, service: str, document: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise GeneralError("a passing fault")
        real(self, service, document)

    monkeypatch.setattr(RunDocuments, "create_beside", once)
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    for n in range(3):
        writer.save_epoch(n, {"loss": 1.0})
        writer.alert(f"alert {n}")
    writer.train_end()
    assert writer.status.complete
    found = store.service("run-alerts").items({"runId": run_of(store, writer)["_id"]})
    assert sorted(alert["title"] for alert in found) == ["alert 0", "alert 1", "alert 2"]


def test_of_two_writers_with_copies_of_a_folder_one_says_that_its_values_are_not_there(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    first = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    first.train_begin(9)
    first.save_epoch(0, {"loss": 0.0})
    assert first.flush()
    first.close()
    assert first.run_directory is not None
    shutil.copytree(first.run_directory, tmp_path / "copy")

    folders = (first.run_directory, tmp_path / "copy")
    writers = [Writer.resume(folder, backend_root=backend.url) for folder in folders]
    for writer in writers:
        writer.train_begin(4)
    for n in range(1, 4):
        for number, writer in enumerate(writers):
            writer.save_epoch(n, {"loss": n + 100.0 * number})
            writer.flush(5)
    for writer in writers:
        writer.train_end()
    (run,) = store.service("runs").items({"basename": first.name})
    (winner,) = [number for number, writer in enumerate(writers) if writer.status.complete]
    loser = writers[1 - winner]
    assert run["logs"]["loss"] == [0.0, *(n + 100.0 * winner for n in range(1, 4))]
    assert "was the run's folder copied?" in str(loser.status.problem)


def test_an_older_copy_of_a_folder_is_not_uploaded_over_what_came_of_another(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    first = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path / "logs")
    first.train_begin(3)
    first.save_epoch(0, {"loss": 0.0})
    first.close()
    older = first.run_directory
    assert older is not None
    newer = shutil.copytree(older, tmp_path / "newer")
    again = Writer.resume(newer, remote=False)
    again.train_begin(3)
    for n in (1, 2):
        again.save_epoch(n, {"loss": float(n)})
    again.train_end()
    with Remote(backend.url) as remote:
        uploader = Uploader(remote)
        uploader.upload(older)
        assert uploader.upload(newer).epochs == 3  # it goes on with what was there
        with pytest.raises(
            RunFolderError, match=r"lacks values .* nothing was sent\. Upload that copy; or .*--overwrite"
        ):
            uploader.upload(older)
        assert (run_of(store, first)["logs"]["loss"], run_of(store, first)["status"]) == ([0.0, 1.0, 2.0], "success")
        assert uploader.upload(newer).epochs == 3
        assert uploader.upload(older, overwrite=True).epochs == 1
    assert run_of(store, first)["logs"]["loss"] == [0.0]


def test_a_folder_and_its_copy_that_are_uploaded_at_once_are_one_run(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path / "logs")
    writer.create_run()
    for n, file in enumerate(pictures(tmp_path, 10, 10, 10, 10)):
        writer.save_epoch(n, {"loss": 1.0 * n}, assets=[file])
    writer.train_end()
    assert writer.run_directory is not None
    shutil.copytree(writer.run_directory, tmp_path / "copy")
    pair = threading.Barrier(2)

    def upload(folder: Path) -> None:
        with Remote(backend.url) as remote:
            pair.wait(30)
            Uploader(remote, sleep=lambda seconds: time.sleep(seconds / 100)).upload(folder)

    with ThreadPoolExecutor(2) as uploads:
        list(uploads.map(upload, [writer.run_directory, tmp_path / "copy"]))
    run = run_of(store, writer)
    assert run["logs"]["loss"] == [0.0, 1.0, 2.0, 3.0]
    assert len(run["assets"]) == store.service("assets").count({"runId": run["_id"]}) == 4


def test_a_folder_that_says_it_is_another_run_is_not_sent_over_that_run(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "mine")
    writer.save_epoch(0, {"loss": 1.0})
    writer.train_end()
    before = run_of(store, writer)
    other = Writer("theirs", remote=False, base_log_dir=tmp_path / "theirs")
    other.save_epoch(0, {"loss": 9.0})
    other.train_end()
    assert other.run_directory is not None
    path = other.run_directory / journal.JOURNAL
    (own,) = {event["_id"] for event in journal.replay(other.run_directory, ["create"])}
    path.write_bytes(path.read_bytes().replace(own.encode(), before["_id"].encode()))
    with Remote(backend.url) as remote, pytest.raises(MarcelleError, match="has another run under the _id"):
        Uploader(remote).upload(other.run_directory)
    assert run_of(store, writer) == before


def test_a_signal_during_the_write_of_an_epoch_loses_it_nowhere(
    backend: Backend, store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    real = os.write

    def write(fd: int, data: bytes) -> int:
        written = real(fd, data)
        if b'"epoch":2,' in data:
            os.kill(os.getpid(), signal.SIGINT)
        return written

    monkeypatch.setattr(journal.os, "write", write)
    writer.save_epoch(0, {"loss": 0.0})
    writer.save_epoch(1, {"loss": 1.0})
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            writer.save_epoch(2, {"loss": 2.0})
    finally:
        signal.signal(signal.SIGINT, before)
    writer.save_epoch(3, {"loss": 3.0})
    writer.train_end()
    assert writer.status.complete
    assert run_of(store, writer)["logs"] == {"loss": [0.0, 1.0, 2.0, 3.0]}


def test_a_run_that_is_being_trained_is_not_built_anew_which_would_end_what_pages_see(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    with Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path) as writer, Remote(backend.url) as remote:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
        assert writer.run_directory is not None
        with pytest.raises(RunFolderError, match="is being trained"):
            Uploader(remote).upload(writer.run_directory, overwrite=True)
        Uploader(remote).upload(writer.run_directory)
        writer.save_epoch(2, {"loss": 0.5})
    assert (run_of(store, writer)["logs"], writer.status.complete) == ({"loss": [1.0, 0.5]}, True)


@pytest.mark.parametrize("rev", [None, 5, "9999999999999999", "²", "9" * 5000], ids=lambda rev: repr(rev)[:20])
def test_a_run_whose_marks_somebody_wrote_over_is_brought_level_again(
    backend: Backend, store: DataStore, tmp_path: Path, rev: Any
) -> None:
    with Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
        assert writer.flush(30)
        store.service("runs").patch(writer.run_id, {"rev": rev})
        writer.save_epoch(2, {"loss": 0.5})
    assert (run_of(store, writer)["logs"], writer.status.complete) == ({"loss": [1.0, 0.5]}, True)


def test_metrics_with_names_of_javascripts_own_objects_reach_pages_under_others(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    names = ["__proto__", "constructor", "prototype", "toString", "length", ""]
    with Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        for epoch in (1, 2):
            writer.save_epoch(epoch, dict.fromkeys(names, float(epoch)))
            assert writer.flush(30)
    stored = ["__proto___", "constructor_", "prototype_", "toString_", "length", "_"]
    assert run_of(store, writer)["logs"] == {name: [1.0, 2.0] for name in stored}

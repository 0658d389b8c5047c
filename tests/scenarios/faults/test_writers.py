"""Two who write: at once, one after the other, and one that was thought to be dead."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.fence import rev_number
from marcelle_rt.runs.sync.replica.replica import Replica
from tests.helpers import eventually
from tests.support.proxy import Proxy
from tests.support.runs import epoch, new_run
from tests.support.trainings.audit import NOTHING, Counts, audit
from tests.support.trainings.audited_training import Training

pytest.importorskip("keras")


def test_two_processes_that_write_two_runs_at_once_lose_nothing(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    trainings = [Training(backend.url, tmp_path, name, (1, 41), files=10) for _ in range(2)]
    counts = NOTHING
    for training in trainings:
        with training:
            directory = training.wait()
            counts += audit(backend, directory, training.saved, training.files_saved)
    assert counts == Counts(2 * 48, 2 * 48, 2 * 48, 0, 0)
    names = {run["name"] for run in store.service("runs").items({"basename": name})}
    assert len(names) == 2
    assert all(re.fullmatch(rf"{name}-\d+", taken) for taken in names)  # who gives way to whom is up to chance


def test_a_second_writer_on_a_folder_is_refused_and_the_first_goes_on(backend: Backend, tmp_path: Path) -> None:
    with Training(backend.url, tmp_path, uuid.uuid4().hex, (1, 31), pause=0.05, files=10) as training:
        training.hear_of(2)
        assert training.directory is not None
        with pytest.raises(RunFolderError, match="being written by another Writer"):
            Writer.resume(training.directory, backend_root=backend.url)
        directory = training.wait()
    assert audit(backend, directory, training.saved, training.files_saved) == Counts(36, 36, 36, 0, 0)


def test_an_upload_of_a_run_that_is_being_trained_disturbs_it_not(backend: Backend, tmp_path: Path) -> None:
    training = Training(backend.url, tmp_path, uuid.uuid4().hex, (1, 31), pause=0.05, files=10)
    with training, Remote(backend.url) as own:
        for n in (3, 13, 23):
            training.hear_of(n)
            assert training.directory is not None
            Uploader(own).upload(training.directory)
        directory = training.wait()
    assert audit(backend, directory, training.saved, training.files_saved) == Counts(36, 36, 36, 0, 0)


@pytest.mark.parametrize("files", [0, 2], ids=["epochs that were repeated", "files"])
def test_a_stale_half_open_line_that_is_released_after_the_run_went_on_elsewhere_changes_nothing(
    backend: Backend, store: DataStore, proxy: Proxy, tmp_path: Path, files: int
) -> None:
    name = uuid.uuid4().hex
    with Training(proxy.url, tmp_path, name, (1, 10_000), pause=0.05, files=files) as training:
        training.hear_of(3)
        eventually(lambda: [run for run in store.service("runs").items({"basename": name}) if run["epoch"] > 2], 60)
        proxy.hold(answers=False)
        eventually(lambda: proxy.held)  # a patch or a file, after which the training waits for its answer
        training.hear()
        directory = training.kill()
    assert proxy.live
    first = training.saved[-1] + 1 if files else 4
    with Training(backend.url, tmp_path, name, (first, first + 6), files=files, resume=directory) as again:
        directory = again.wait()
    (run,) = store.service("runs").items({"basename": name})
    proxy.release()
    eventually(lambda: proxy.live == 0)
    released = time.monotonic()
    while time.monotonic() < released + 1:  # there is nothing to wait for: nothing must happen
        (after,) = store.service("runs").items({"basename": name})
        assert after == run
    files_saved = 2 * ((first + 5) // 2) if files else 0
    count = first + 5 + files_saved
    assert audit(backend, directory, range(1, first + 6), files_saved) == Counts(count, count, count, 0, 0)


@pytest.mark.parametrize("resumed", [False, True], ids=["within a run", "before it is resumed"])
def test_a_clock_that_goes_back_an_hour_stops_no_run(store: DataStore, remote: Remote, resumed: bool) -> None:
    now = [1_800_000_000.0]
    run = new_run(2)
    replica = Replica(run, RunDocuments(remote.link), fresh=True, clock=lambda: now[0])
    replica.level()
    before = store.service("runs").get(run.id)
    now[0] -= 3600
    if resumed:
        replica = Replica(run, RunDocuments(remote.link), clock=lambda: now[0])
    for n in (2, 3):
        replica.apply(epoch(n))
        replica.level()
    after = store.service("runs").get(run.id)
    assert after["logs"] == run.logs()
    assert rev_number(after["rev"]) > rev_number(before["rev"])

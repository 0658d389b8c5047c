"""Backends that go and come, disks that are full, folders that are copied, and a program without a terminal."""

from __future__ import annotations

import resource
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.scenarios.soak.trial import Act, Trial
from tests.support.proxy import Proxy
from tests.support.trainings.claims import Claims

_NOBODY = "http://127.0.0.1:9"  # the port of `discard`: nobody listens there


def backend_killed(trial: Trial) -> None:
    backend = trial.backend
    with trial.start(backend.url, pause=0.01) as training:
        training.hear_of(1)
        trial.sometime(1.0)
        assert backend.process is not None
        backend.process.kill()
        backend.stop()
        trial.row.kills += 1
        trial.sometime(1.0)
        backend.start()
        trial.finish(training)


def backend_comes_late(trial: Trial) -> None:
    with Proxy(trial.backend.url) as proxy:
        proxy.refuse()
        with trial.start(proxy.url, pause=0.01) as training:
            training.hear_of(1)
            trial.sometime(1.5)
            proxy.allow()
            trial.finish(training)


def backend_never_comes(trial: Trial) -> None:
    with trial.start(_NOBODY, finish_timeout=0.1, flushes=0) as training:
        trial.finish(training)
    assert training.final is not None
    trial.row.claims += Claims(1, int(training.final[1]))


def backend_errs(trial: Trial) -> None:
    fate = trial.misfortunes(errors=trial.draw.choice([0.05, 0.2, 0.5]), errors_end=trial.draw.uniform(0.5, 4.0))
    with trial.start(trial.backend.url, pause=0.01, misfortunes=fate) as training:
        trial.finish(training)


def two_at_once(trial: Trial) -> None:
    with trial.start(trial.backend.url) as one, trial.start(trial.backend.url) as other:
        trial.finish(one)
        trial.finish(other)


def disk_full(trial: Trial) -> None:
    """The kernel's limit on the size of its files: a write is taken in part, and then not at all."""
    with trial.start(trial.backend.url, 300, pause=0.01, files=0) as training:
        training.hear_of(5)
        pid = training.process.pid
        assert pid is not None
        assert training.directory is not None
        for _ in range(2):
            trial.sometime(0.6)
            size = (training.directory / "journal.jsonl").stat().st_size + trial.draw.randrange(200)
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            trial.sometime(0.6)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        trial.finish(training)


def mute(trial: Trial) -> None:
    with trial.start(trial.backend.url, misfortunes=trial.misfortunes(is_mute=True)) as training:
        trial.finish(training)


def copied_and_both_uploaded(trial: Trial) -> None:
    with trial.start(_NOBODY, finish_timeout=0.1, flushes=0) as training:
        directory = training.wait(900)
    copy = _copied(directory)
    with ThreadPoolExecutor(trial.draw.choice([1, 2])) as uploads:
        list(uploads.map(trial.upload, [directory, copy]))
    trial.count(directory, training.saved, training.files_saved)


def copied_and_both_gone_on_with(trial: Trial) -> None:
    with trial.start(trial.backend.url, 20, files=0) as training:
        directory = training.wait(900)
    folders = [directory, _copied(directory)]
    options = {"files": 0, "flushes": 0, "pause": 0.02}
    with (
        trial.go_on(trial.backend.url, folders[0], 21, 80, **options) as one,
        trial.go_on(trial.backend.url, folders[1], 21, 80, **options, shift=1000.0) as other,
    ):
        one.wait(900)
        other.wait(900)
    there = [training for training in (one, other) if training.final is not None and training.final[1]]
    if len(there) == 2:  # one had ended when the other came, which must have said what it did
        there = [training for training in there if any("they were overwritten" in text for text in training.told)]
    trial.row.claims += Claims(1, 0 if len(there) == 1 else 1)
    if len(there) != 1:
        print(f"\nsaid wrongly: {one.final}, {one.told} and {other.final}, {other.told} of {folders}", flush=True)
    trial.count(folders[0 if one in there else 1], range(1, 101))


def _copied(directory: Path) -> Path:
    copy = directory.with_name(f"{directory.name}-copy-{time.monotonic_ns()}")
    shutil.copytree(directory, copy)
    return copy


ROWS: dict[str, Act] = {
    "backend killed and started again": backend_killed,
    "backend comes late": backend_comes_late,
    "backend never comes, then upload": backend_never_comes,
    "backend answers with errors for a while": backend_errs,
    "two processes at once": two_at_once,
    "disk full for a while, twice": disk_full,
    "no working directory, stdout and stderr broken": mute,
    "folder copied, both uploaded": copied_and_both_uploaded,
    "folder copied, both gone on with at once": copied_and_both_gone_on_with,
}

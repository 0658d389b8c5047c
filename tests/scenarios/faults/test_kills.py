"""`kill -9` at a random moment, in each of the ways that a run can go on from there."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest

from marcelle_rt import Remote, Uploader
from marcelle_rt.backend import Backend
from tests.support.trainings.audit import Counts, audit
from tests.support.trainings.audited_training import Training

pytest.importorskip("keras")


def test_a_training_killed_at_random_moments_loses_nothing_that_was_saved(backend: Backend, tmp_path: Path) -> None:
    draw = random.Random(7)
    with Remote(backend.url) as remote:
        for _ in range(8):
            with Training(backend.url, tmp_path, uuid.uuid4().hex, (1, 10_000), files=5) as training:
                training.hear_of(1)
                training.process.join(draw.uniform(0.0, 0.4))
                directory = training.kill()
            assert directory is not None
            Uploader(remote).upload(directory)
            counts = audit(backend, directory, training.saved, training.files_saved)
            assert (counts.duplicated, counts.lost) == (0, 0), counts
            assert counts.sent <= counts.journaled == counts.on_server


def test_a_killed_training_that_is_resumed_is_as_if_it_had_never_stopped(backend: Backend, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    with Training(backend.url, tmp_path, name, (1, 10_000), files=2) as training:
        training.hear_of(7)
        directory = training.kill()
    with Training(backend.url, tmp_path, name, (5, 11), files=2, resume=directory) as again:
        directory = again.wait()
    assert audit(backend, directory, range(1, 11), 10) == Counts(20, 20, 20, 0, 0)

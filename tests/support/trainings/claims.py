"""What a training was told of its run, held against what is there."""

from __future__ import annotations

from typing import Any, NamedTuple

from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal
from tests.support.trainings.audit import audit
from tests.support.trainings.audited_training import Training
from tests.support.trainings.patient import patient_store


class Claims(NamedTuple):
    """What was said: how often, and how often wrongly."""

    made: int
    wrong: int

    def __add__(self, other: object) -> Claims:
        assert isinstance(other, Claims)
        return Claims(self.made + other.made, self.wrong + other.wrong)


def claims(backend: Backend, training: Training) -> Claims:
    """Checks what a training was told, before anything else sends what is missing.

    - `flush()` was true: folder and backend have each epoch until then, though the training may be dead by now.
    - `status.complete`: they have all of it, and the backend's status is the one that was told.
    """
    found = Claims(0, 0)
    directory = training.directory
    if directory is None:
        return found
    if training.flushed:
        found += _claim(not _lacking(backend, training))
    if training.final is not None and training.final[1]:
        counts = audit(backend, directory, training.saved, training.files_saved)
        is_so = counts.lost == counts.duplicated == 0 and counts.journaled == counts.on_server
        found += _claim(is_so and stored_run(backend, training).get("status") == training.final[0])
    return found


def _claim(is_so: bool) -> Claims:
    return Claims(1, 0 if is_so else 1)


def _lacking(backend: Backend, training: Training) -> set[int]:
    """The epochs that a flush has told to be there and that are not, in the folder or on the backend."""
    assert training.directory is not None
    wanted = {epoch for epoch in training.saved if epoch <= training.flushed}
    in_folder = set(Run(journal.read(training.directory)[0]).epochs)
    on_backend = set(stored_run(backend, training).get("logs", {}).get("n", []))
    return wanted - (in_folder & on_backend)


def stored_run(backend: Backend, training: Training) -> dict[str, Any]:
    """The backend's copy; empty where it has none."""
    assert training.directory is not None
    run = Run(journal.read(training.directory)[0])
    with patient_store(backend.url) as store:
        found = list(store.service("runs").items({"_id": run.id}))
    return found[0] if found else {}

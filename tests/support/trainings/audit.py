"""What became of a run: what the training saved, what its journal has, and what the backend has, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal
from tests.support.trainings.patient import patient_store

SERVICES = {"checkpoints": "tfjs-models", "assets": "assets"}


class Counts(NamedTuple):
    """Epochs and files of one run, or of many."""

    sent: int
    """What `save_epoch` returned for."""
    journaled: int
    on_server: int
    duplicated: int
    lost: int

    def __add__(self, other: object) -> Counts:
        assert isinstance(other, Counts)
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


NOTHING = Counts(0, 0, 0, 0, 0)


def audit(backend: Backend, directory: Path, saved: Sequence[int], files_saved: int = 0) -> Counts:
    """Counts a run; with `duplicated` and `lost` both 0 the backend's copy equals the journal, and that has all.

    Args:
        backend: The backend, running.
        directory: The run's folder.
        saved: The epochs that the training knows to be saved.
        files_saved: How many checkpoints and assets it knows to be saved.
    """
    run = Run(journal.read(directory)[0])
    with patient_store(backend.url) as store:
        query = {"basename": run.fields["basename"], "start": run.fields["start"]}
        documents = list(store.service("runs").items(query))
        stored = {name: list(store.service(s).items({"runId": run.id})) for name, s in SERVICES.items()}
    document = documents[0] if documents else {"logs": {}, "checkpoints": [], "assets": []}
    there = document["logs"].get("n", [])
    lost = len(set(saved) - set(run.epochs)) + max(0, files_saved - len(run.files))
    lost += len(_places_that_differ(run.logs(), document["logs"]))
    duplicated = max(0, len(documents) - 1) + sum(count - 1 for count in Counter(there).values())
    files = 0
    for name in SERVICES:
        wanted = {key for key, event in run.files.items() if f"{event['type']}s" == name}
        listed = Counter(entry.get("id", entry.get("_id")) for entry in document[name])
        owned = [doc["key"] for doc in stored[name] if doc["_id"] in listed and _is_whole(backend, doc)]
        files += len(owned)
        lost += len(wanted - set(owned))
        duplicated += len(stored[name]) - len(wanted & {doc["key"] for doc in stored[name]})
        duplicated += sum(count - 1 for count in listed.values())
    return Counts(len(saved) + files_saved, len(run.epochs) + len(run.files), len(there) + files, duplicated, lost)


def _places_that_differ(here: dict[str, list[Any]], there: dict[str, list[Any]]) -> set[int]:
    differ: set[int] = set()
    for metric, values in here.items():
        copy = there.get(metric, [])
        differ |= {i for i in range(max(len(values), len(copy))) if copy[i : i + 1] != values[i : i + 1]}
    return differ


def _is_whole(backend: Backend, document: dict[str, Any]) -> bool:
    """Whether all of a stored document's files lie on the backend's disk."""
    uploads = backend.data / "uploads"
    paths = [uploads / "tfjs" / path for _, path in document["files"]] if "files" in document else []
    paths += [uploads / "assets" / document["url"]] if "url" in document else []
    return bool(paths) and all(path.exists() and path.stat().st_size > 0 for path in paths)


def folders_of_nobody(backend: Backend) -> int:
    """How many folders of uploads no document owns: of uploads whose answer was lost."""
    with patient_store(backend.url) as store:
        owned = {doc["files"][0][1].split("/")[0] for doc in store.service("tfjs-models").items()}
        owned |= {doc["url"].split("/")[0] for doc in store.service("assets").items()}
    folders = [path for kind in ("tfjs", "assets") for path in (backend.data / "uploads" / kind).glob("*")]
    return sum(folder.name not in owned for folder in folders)

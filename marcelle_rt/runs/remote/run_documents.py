"""What a copy of a run is made of on one backend: its document, what lies beside it, and which files it has."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ...errors import FeathersError, NotFound
from ..document import events
from ..document.entries import stored_entry
from ..document.events import RUNS, Event
from ..document.run import Run
from . import heartbeat, naming
from .link import Link, checked_document

ASSETS = "assets"
TFJS_MODELS = "tfjs-models"
MODEL_SERVICES = (TFJS_MODELS, "onnx-models")


class RunDocuments:
    """Reads and writes runs on one backend, each method in one call or as few as it takes.

    Attributes:
        link: The way there.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._location = link.location

    def read(self, run_id: str) -> dict[str, Any] | None:
        """A run's document, or `None` when the backend has none of that `_id`."""
        try:
            return self._checked(self.link.service(RUNS).get(run_id))
        except NotFound:
            return None

    def was_removed(self, run_id: str) -> bool:
        """Whether a run that is gone was removed by somebody: what a database loses, it loses with the heartbeat."""
        return heartbeat.exists(self.link, run_id)

    def create(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Creates a run's document, under the next free name if it has none; one that is there is returned."""
        runs = self.link.service(RUNS)
        named = "name" in data
        name = data["name"] if named else naming.free_name(runs, data["basename"])
        try:
            document = self._checked(runs.create({**data, "name": name}))
        except FeathersError:
            existing = self.read(data["_id"])  # an earlier attempt may have come through
            if existing is None:
                raise
            document = existing
        return document if named else naming.settle_name(runs, document)

    def patch(self, run_id: str, data: dict[str, Any], fence: Mapping[str, Any]) -> dict[str, Any]:
        """Patches a run's document, where it is still so that it may be patched.

        Args:
            run_id: The run's `_id`.
            data: What to set.
            fence: The query that the document must match.

        Raises:
            NotFound: It does not match, or is gone.
        """
        return self._checked(self.link.call("patch", RUNS, run_id, data, fence))

    def claim(self, run_id: str, marks: dict[str, Any]) -> dict[str, Any]:
        """Makes a run's document the one of a writer, by its marks, whoever's it was before."""
        return self._checked(self.link.service(RUNS).patch(run_id, marks))

    def replace(self, run_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Replaces a run's document, but for its name."""
        runs = self.link.service(RUNS)
        name = runs.get(run_id).get("name")
        return self._checked(runs.update(run_id, {**data, "name": name}))

    # Beside the run.

    def create_beside(self, service: str, document: Mapping[str, Any]) -> None:
        """Creates a document beside a run; one that is there already is left as it is."""
        target = self.link.service(service)
        try:
            target.create(document)
        except FeathersError:
            try:
                target.get(document["_id"])  # an earlier attempt may have come through
            except NotFound:
                pass
            else:
                return
            raise

    def remove_beside(self, service: str, identity: str) -> None:
        """Removes a document beside a run; one that is gone already is gone."""
        with contextlib.suppress(NotFound):
            self.link.service(service).remove(identity)

    def beside(self, service: str, run_id: str) -> set[str]:
        """The ids of a run's documents in a service."""
        query = {"runId": run_id, "$select": ["_id"]}
        return {self._checked(document)["_id"] for document in self.link.service(service).items(query)}

    # Its files.

    def uploaded_files(self, run: Run, document: Mapping[str, Any]) -> list[Event]:
        """Asks the backend which of a run's files it has.

        Args:
            run: The run.
            document: Its document there; `{}` where there is none.

        Returns:
            An `uploaded` event for each, those first that the run's document lists, and the others as they were saved.
        """
        there: list[Event] = []
        saved = {key: place for place, key in enumerate(run.files)}
        for list_name, services in (("checkpoints", MODEL_SERVICES), ("assets", (ASSETS,))):
            found = {
                doc["_id"]: (doc, service)
                for service in services
                for doc in self.files_of(service, document.get("_id", run.id))
            }
            seen = set()
            for listed in document.get(list_name) or []:
                identity = listed.get("id", listed.get("_id"))
                if not isinstance(identity, str | int) or identity in seen:  # listed twice, it is there once
                    continue
                seen.add(identity)
                if identity in found:
                    there.append(_uploaded(run, list_name, *found.pop(identity)))
                elif self.link.has(listed.get("service", services[0]), identity):
                    # Somebody else's: it stays as it is.
                    key = _key_by_path(run, listed.get("metadata", listed).get("local_path")) or str(identity)
                    there.append(events.uploaded(list_name, key, listed))
            # As databases give them they are in any order.
            others = [_uploaded(run, list_name, *pair) for pair in found.values()]
            there.extend(sorted(others, key=lambda event: saved.get(event["key"], len(saved))))
        return [event for event in there if not run.is_uploaded(event["key"])]

    def files_of(self, service: str, run_id: str) -> list[dict[str, Any]]:
        """The documents of a run's files in a service."""
        return [self._checked(document) for document in self.link.service(service).items({"runId": run_id})]

    def remove_file(self, uploaded: Event) -> None:
        """Removes a model or an asset with its files; one that is gone already is gone.

        Args:
            uploaded: The `uploaded` event that stands for it.
        """
        entry = uploaded["entry"]
        service, identity = (entry["service"], entry["id"]) if "service" in entry else (ASSETS, entry["_id"])
        with contextlib.suppress(NotFound):
            self.link.service(service).remove(identity)

    def _checked(self, document: Any) -> dict[str, Any]:
        return checked_document(document, self._location)


def _key_by_path(run: Run, path: Any) -> str | None:
    """The client of 2021 gave its files no key; there, the local path tells which is which."""
    return next((key for key, event in run.files.items() if event["path"] == path), None)


def _uploaded(run: Run, list_name: str, document: Mapping[str, Any], service: str) -> Event:
    key = document.get("key")
    if key not in run.files and key not in run.dropped:  # of 2021, or of a folder that lost its journal with the keys
        key = _key_by_path(run, document.get("local_path")) or key or document["_id"]
    return events.uploaded(list_name, key, stored_entry(document, service))

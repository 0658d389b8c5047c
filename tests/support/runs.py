"""Runs made of events, and a line that drops while they are brought to a backend."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from marcelle_rt.errors import ConnectionLost
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.link import Link
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.values import dumps


def new_run(epochs: int = 0, basename: str | None = None) -> Run:
    run = Run()
    fields = {"basename": basename or uuid.uuid4().hex, "start": "2026-11-24T09:30:00.000Z", "source": "keras"}
    run.apply({"type": "create", "_id": str(uuid.uuid4()), "run": {**fields, "params": {}}})
    for n in range(epochs):
        run.apply(epoch(n))
    return run


def epoch(n: int, **logs: Any) -> dict[str, Any]:
    return {"type": "epoch", "epoch": n, "place": n, "logs": logs or {"loss": n / 7}}


class Cut(RunDocuments):
    """The real backend behind a line that drops just after what it was told to drop after."""

    def __init__(self, url: str, *verbs: str) -> None:
        super().__init__(Link(url))
        self.cuts = list(verbs)
        self.sizes: list[int] = []

    def __enter__(self) -> Cut:
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()

    def create(self, data: Mapping[str, Any]) -> dict[str, Any]:
        self.sizes.append(len(dumps(data)))
        document = super().create(data)
        self._cut("create")
        return document

    def patch(self, run_id: str, data: dict[str, Any], fence: Mapping[str, Any]) -> dict[str, Any]:
        self.sizes.append(len(dumps(data)))
        document = super().patch(run_id, data, fence)
        self._cut("patch")
        return document

    def _cut(self, verb: str) -> None:
        if self.cuts and self.cuts[0] == verb:
            self.cuts.pop(0)
            raise ConnectionLost(self.link.location, verb)

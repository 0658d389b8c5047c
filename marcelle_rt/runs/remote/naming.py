"""Names of runs on one backend: `<basename>-<n>`, where dashboards count on by the number."""

from __future__ import annotations

import uuid
from typing import Any

from ...chance import CHANCE
from ...client.service import Service
from ...values import iso
from ..document.events import FILES
from .link import checked_document

_AT_ONCE = 20  # names asked for in one query; by REST a list has no more
_MOST_STEPS = 100  # after that, a name that is still taken stays duplicated
_MOST_ALIKE = 200  # runs of one name that are counted


def complete_run_data(run_data: dict[str, Any], source: str) -> None:
    """Fills in what every run's document must have, in place."""
    run_data.setdefault("basename", "run")
    run_data.setdefault("_id", str(uuid.uuid4()))
    run_data.setdefault("start", iso())
    run_data.setdefault("source", source)
    run_data.setdefault("status", "idle")
    run_data.setdefault("epoch", 0)
    run_data.setdefault("epochs", 0)
    for key in ("params", "logs"):
        run_data.setdefault(key, {})
    for key in FILES.values():
        run_data.setdefault(key, [])


def free_name(runs: Service, basename: str) -> str:
    """The name for the next run of a basename: one more than the newest has, or the next free one."""
    newest = _documents(runs, {"basename": basename, "$sort": {"start": -1}, "$select": ["_id", "name"]}, 1)
    number = _number(newest[0].get("name"), basename) if newest else 0
    return _free(runs, basename, number + 1)


def settle_name(runs: Service, document: dict[str, Any]) -> dict[str, Any]:
    """Gives a run another name when one that was created at the same moment took the same.

    Each looks after it has written, so of two equal names at least the later one is seen; whoever sees
    another gives way. The step is random, and the larger the more they are, so that those that give way to each
    other part: a cluster starts a hundred at once.
    """
    step, basename = 1, str(document.get("basename"))
    for _ in range(_MOST_STEPS):
        same = _documents(runs, {"name": document.get("name", ""), "$select": ["_id"]}, _MOST_ALIKE)
        if all(other["_id"] == document["_id"] for other in same):
            return document
        step = 2 * max(step, len(same) - 1)
        number = _number(document.get("name"), basename) + CHANCE.randint(1, step)
        patched = runs.patch(document["_id"], {"name": _free(runs, basename, number)})
        document = checked_document(patched, runs.location)
    return document


def _free(runs: Service, basename: str, number: int) -> str:
    while True:
        names = [f"{basename}-{n}" for n in range(number, number + _AT_ONCE)]
        query = {"name": {"$in": names}, "$select": ["_id", "name"]}
        taken = {document.get("name") for document in _documents(runs, query, _AT_ONCE)}
        for name in names:
            if name not in taken:
                return name
        number += _AT_ONCE


def _number(name: Any, basename: str) -> int:
    tail = name[len(basename) + 1 :] if isinstance(name, str) and name.startswith(f"{basename}-") else ""
    return int(tail) if tail.isdecimal() and len(tail) < 16 else 0


def _documents(service: Service, query: dict[str, Any], most: int) -> list[dict[str, Any]]:
    return [checked_document(document, service.location) for document in service.first(query, most)]

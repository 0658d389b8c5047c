"""Which job somebody means, and which tasks there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...client.data_store import DataStore
from ...errors import FeathersError, InvalidData, MarcelleError, NotAuthenticated
from ...serving.documents import JOBS, TASKS

Document = dict[str, Any]

_CANDIDATES = 5  # named in an error


class NoSuchJob(MarcelleError):
    """A word that stands for no job, or for several."""

    def __init__(self, word: str, location: str, candidates: Sequence[str] = ()) -> None:
        hint = f"Several begin so: {', '.join(candidates)}." if candidates else "`marcelle-rt jobs` lists the jobs."
        super().__init__(f"{word!r} is not a job at {location}. {hint}")


def find_job(store: DataStore, word: str) -> Document:
    """The document of the one job that a word stands for.

    Args:
        store: The backend.
        word: A job's `_id`, or the beginning of one that no other has.

    Raises:
        NoSuchJob: There is none, or there are several.
        MarcelleError: What the backend or the line raised.
    """
    jobs = store.service(JOBS)
    try:
        return jobs.get(word)
    except NotAuthenticated:
        raise
    except FeathersError:  # not found, or no `_id` for this database
        pass
    begun = jobs.first({"_id": {"$gte": word, "$lt": f"{word}\uffff"}, "$sort": {"_id": 1}}, _CANDIDATES)
    if len(begun) == 1 and word:
        found: Document = begun[0]
        return found
    raise NoSuchJob(word, store.location, [str(job["_id"]) for job in begun] if word else ())


def tasks_of(store: DataStore) -> dict[str, list[Document]]:
    """The documents of the tasks that jobs can be created for, by the task's name; several servers may have one."""
    found: dict[str, list[Document]] = {}
    for document in store.service(TASKS).items({"trains": True}):
        found.setdefault(str(document.get("task")), []).append(document)
    return found


def params_of(words: Sequence[str]) -> dict[str, Any]:
    """Parameters as they were typed: `name=value`, where a value is JSON, or else a text.

    Raises:
        InvalidData: One has no name.
    """
    params: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise InvalidData("parameter", word, "is not name=value; use for example epochs=20")
        try:
            params[name.strip()] = json.loads(text)
        except ValueError:
            params[name.strip()] = text
    return params

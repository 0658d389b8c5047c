"""`marcelle-rt jobs list` and `show`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean, clean_lines
from ...monitor.text import ago
from ...serving.documents import JOBS
from ...serving.tasks import UnknownTask
from ...values import time_of
from ..output import cell, console, line, print_json, sentence, table
from .finding import find_job, tasks_of

_ID = 8  # characters of an `_id` that are shown; so many are enough to name a job by
_STYLES = {"success": "green", "error": "red", "refused": "red", "cancelled": "yellow", "running": "cyan"}
_SHOWN = ("dataset", "attempt", "worker", "runId", "modelId", "submitted", "createdAt", "updatedAt")


def list_jobs(store: DataStore, task: str | None, limit: int, as_json: bool) -> None:
    """Prints jobs, the newest first, and says who is there to do them.

    Args:
        store: The backend.
        task: Only jobs for this task.
        limit: The maximum number that are shown.
        as_json: One array for scripts.

    Raises:
        UnknownTask: No server has the task, and there is no job for it.
        MarcelleError: What the backend or the line raised.
    """
    query = {} if task is None else {"task": task}
    found = list(store.service(JOBS).items({**query, "$sort": {"createdAt": -1}, "$limit": limit}))
    known = tasks_of(store) if not as_json or not found else {}
    if not found and task is not None and task not in known:
        raise UnknownTask(task, list(known))
    if as_json:
        print_json(found)
        return
    out = console()
    now = dt.datetime.now(dt.timezone.utc)
    if found:
        shown = table("job", "task", "state", "created", "progress", "message")
        for job in found:
            shown.add_row(
                cell(str(job["_id"])[:_ID]),
                cell(job.get("task")),
                state(job),
                Text(ago(time_of(job.get("createdAt")), now)),
                cell(progress(job)),
                cell(job.get("message") or ""),
            )
        out.print(shown)
    else:
        sentence(
            out, f"There are no jobs at {store.location} yet. A dashboard creates one, and `marcelle-rt jobs submit`."
        )
    there_are = ", ".join(sorted(map(clean, known))) or "nobody: `marcelle-rt serve module:server` starts one"
    line(out, Text("listening: ", "dim"), cell(there_are, "dim"))
    for problem in sorted(
        {str(server.get("problem") or "") for servers in known.values() for server in servers} - {""}
    ):
        line(out, Text("jobs wait: ", "dim"), cell(problem, "yellow"))


def show_job(store: DataStore, word: str, as_json: bool) -> None:
    """Prints one job.

    Args:
        store: The backend.
        word: Which.
        as_json: The document, for scripts.

    Raises:
        NoSuchJob: The word stands for none, or for several.
        MarcelleError: What the backend or the line raised.
    """
    job = find_job(store, word)
    if as_json:
        print_json(job)
        return
    out = console()
    line(out, cell(job["_id"], "bold"), "  ", cell(job.get("task")), "  ", state(job), "  ", cell(progress(job)))
    params = job.get("params")
    for name, value in params.items() if isinstance(params, Mapping) else ():
        line(out, cell(name), ": ", cell(value), indent=2)
    for field in _SHOWN:
        if job.get(field) not in (None, ""):
            line(out, Text(f"{field}: ", "dim"), cell(job[field]))
    if job.get("message"):
        sentence(out, cell(job["message"]))
    if job.get("traceback"):
        out.print(Text(clean_lines(job["traceback"])), soft_wrap=True)


def state(job: Mapping[str, Any]) -> Text:
    """A job's state in its color."""
    text = str(job.get("state"))
    return cell(text, _STYLES.get(text, ""))


def progress(job: Mapping[str, Any]) -> str:
    """How far a job is: `40 % epoch 4`."""
    told = job.get("progress")
    if not isinstance(told, Mapping):
        return ""
    fraction = told.get("fraction")
    percent = f"{fraction:.0%}" if isinstance(fraction, (int, float)) else ""
    return f"{percent} {told.get('text') or ''}".strip()

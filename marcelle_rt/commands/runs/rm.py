"""`marcelle-rt runs rm`: removes runs with all that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean
from ...monitor import facts
from ...runs.remote.remote import Remote
from ..output import cell, console, line, messages, print_json
from .finding import find_runs


def remove_runs(store: DataStore, words: Sequence[str], sure: Callable[[str], bool], as_json: bool) -> bool:
    """Removes runs, with their models, assets and what lies beside them.

    Args:
        store: The backend.
        words: The runs. All of them are looked for first: if one is unknown, none is removed.
        sure: Asks whether to go on.
        as_json: An array of `_id`, `name` and `removed`.

    Returns:
        Whether all of it is gone.

    Raises:
        NoSuchRun: A word stands for no run, or for several.
        MarcelleError: What the backend or the line raised.
    """
    runs = find_runs(store, words)
    names = [clean(facts.name(run)) for run in runs]
    going_on = [clean(facts.name(run)) for run in runs if run.get("status") in facts.ACTIVE]
    files = sum(len(facts.entries(run, "checkpoints")) + len(facts.entries(run, "assets")) for run in runs)
    question = f"Remove {', '.join(names)} from {store.location}, with {files} models and assets?"
    if going_on:
        question = f"{', '.join(going_on)} has not ended. {question}"
    if not sure(question):
        messages().print("Nothing was removed.")
        return False
    remote = Remote(store)
    done = [(run, remote.remove_run(run)) for run in runs]
    if as_json:
        print_json([{"_id": run["_id"], "name": run.get("name"), "removed": gone} for run, gone in done])
    else:
        out = console()
        for run, gone in done:
            line(out, Text("removed " if gone else "not completely removed: "), cell(facts.name(run)))
    return all(gone for _, gone in done)

"""`marcelle-rt stop`: asks a run that goes on to end in peace, and says what came of it."""

from __future__ import annotations

from ...client.data_store import DataStore
from ...monitor import facts
from ...runs.document.commands import STOP, State
from ...runs.remote.asking import ask
from ..output import cell, console, line, print_json
from .finding import find_run


def stop_run(store: DataStore, word: str, as_json: bool) -> bool:
    """Asks a run to stop, and waits some seconds for what comes of it.

    Args:
        store: The backend.
        word: The run, as `find_run` takes it.
        as_json: An object of `_id`, `name`, `state` (`done`, `accepted`, `refused`, or `sent` where nobody answered)
            and `message`.

    Returns:
        Whether the run has stopped, or is about to.

    Raises:
        NoSuchRun: No run is meant, or several.
        MarcelleError: What the backend or the line raised.
    """
    run = find_run(store, word)
    outcome = ask(store, run, STOP)
    if as_json:
        print_json(
            {"_id": run["_id"], "name": run.get("name"), "state": outcome.state.value, "message": outcome.message}
        )
    else:
        line(console(), cell(facts.name(run), "bold"), " ", cell(outcome.sentence))
    return outcome.state in (State.DONE, State.ACCEPTED)

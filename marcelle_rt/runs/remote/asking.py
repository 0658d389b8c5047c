"""Asks something of a run that goes on, perhaps in another process or on another machine, and tells what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...client.data_store import DataStore
from ...client.query import by_id
from ...errors import NotFound
from ..document.commands import ANSWERED, COMMANDS, State, new_command, steering_of
from ..document.events import RUNS
from ..document.run import ENDED

PATIENCE = 5.0
"""Seconds to wait for an answer."""


@dataclass(frozen=True)
class Outcome:
    """What came of a command.

    Attributes:
        state: `DONE`, `REFUSED`, `ACCEPTED` where it will be done at the next batch or epoch, and `SENT` where nobody
            answered: then it was taken back.
        message: More about it, for people; why it was refused.
    """

    state: State
    message: str = ""

    @property
    def sentence(self) -> str:
        """What became of a run that was asked to stop; follows its name."""
        if self.state is State.DONE:
            return f"has stopped: {self.message}"
        if self.state is State.ACCEPTED:
            return "will stop at the end of its batch or epoch; its program has answered"
        if self.state is State.REFUSED:
            return f"was not stopped: {self.message}"
        return (
            "was not stopped: its program did not answer, so it is no longer asked. `marcelle-rt runs repair "
            "--dry-run` tells whether it is alive"
        )


def ask(
    store: DataStore,
    run: Mapping[str, Any],
    name: str,
    params: Mapping[str, Any] = {},
    *,
    patience: float = PATIENCE,
) -> Outcome:
    """Sends a command to a run, and waits for what comes of it.

    Args:
        store: The backend.
        run: The run's document.
        name: What is asked: one of the commands that `steering_of` gives.
        params: For `set`, the values by their names.
        patience: Seconds to wait for each answer.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    if (why := _against(run, name)) is not None:
        return Outcome(State.REFUSED, why)
    command = new_command(run, name, params)
    service = store.service(COMMANDS)
    outcome = Outcome(State.SENT)
    with service.watch(by_id(command["_id"]), timeout=patience) as answers:
        service.create(command)
        for change in answers:
            outcome = _outcome(change.document)
            if outcome.state in ANSWERED or change.kind == "removed":
                break
    if outcome.state is State.SENT:
        outcome = _take_back(store, run, command["_id"])
    if outcome.state in ANSWERED:
        with contextlib.suppress(NotFound):  # the run's program sweeps at its end
            service.remove(command["_id"])
    return outcome


def _against(run: Mapping[str, Any], name: str) -> str | None:
    """Why there is no use in asking, or `None`."""
    if run.get("status") in ENDED:
        return f"the run has ended already, as {run['status']!r}"
    offers = steering_of(run)
    if offers is None:
        return (
            "its program does not listen for commands; give its callback `steerable=True`, or call `writer.commands()` "
            "in its loop"
        )
    if name not in offers["commands"]:
        return f"its training can't be asked to {name}; it can be asked to {', '.join(offers['commands'])}"
    return None


def _outcome(document: Mapping[str, Any]) -> Outcome:
    try:
        state = State(document.get("state"))
    except ValueError:  # somebody else wrote it
        state = State.SENT
    return Outcome(state, str(document.get("message") or ""))


def _take_back(store: DataStore, run: Mapping[str, Any], identity: str) -> Outcome:
    """Takes a command back that nobody has answered, and tells why nobody has; or its answer, which came just now."""
    service = store.service(COMMANDS)
    try:
        service.remove(identity, {"query": {"state": State.SENT.value}})
    except NotFound:
        with contextlib.suppress(NotFound):
            return _outcome(service.get(identity))
    try:
        now = store.service(RUNS).get(run["_id"], {"query": {"$select": ["_id", "status"]}})
    except NotFound:
        return Outcome(State.REFUSED, "the run was removed")
    if now.get("status") in ENDED:
        return Outcome(State.REFUSED, f"the run has ended, as {now['status']!r}")
    return Outcome(State.SENT)

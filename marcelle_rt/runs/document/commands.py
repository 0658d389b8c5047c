"""Commands to a run: what a page, a notebook or a command line asks of a training, and what is answered. Pure.

A command is a document of the service `run-commands`. Whoever asks creates it, with an `_id` of its own and the state
`sent`, and removes it once the answer is read. The run's program answers it once: `accepted` when it has it and its
training will do it at the next batch or epoch, and then `done` or `refused`, with a message that says why. What a run
can be asked is in its own document, as the field `steering`; a run without it is not steered.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypedDict

COMMANDS = "run-commands"
"""The service of commands."""

STEERING = "steering"
"""The field of a run's document that says what it can be asked."""

STOP, CHECKPOINT, SET = "stop", "checkpoint", "set"
"""What a training can be asked: to end in peace, to save its model, and to give values to what it has declared."""


class State(str, Enum):
    """How far a command has come. Its run's program has written all but the first."""

    SENT = "sent"
    """Nobody has answered."""
    ACCEPTED = "accepted"
    """The run's program has it: the training does it at its next batch or epoch."""
    DONE = "done"
    """It is done. A run that was asked to stop has ended."""
    REFUSED = "refused"
    """It was not done, and won't be."""


ANSWERED = (State.DONE, State.REFUSED)
"""The states that a command stays in."""


class CommandDocument(TypedDict, total=False):
    """A command as it is stored."""

    _id: str
    """A UUID that the asker made."""
    runId: str
    command: Literal["stop", "checkpoint", "set"]
    params: dict[str, Any]
    """For `set`: the names and their values."""
    state: str
    """One of `State`."""
    message: str | None
    """What came of it, for people; why, where it is `refused`."""
    public: bool
    """Whether other users may see it; as their run, where the backend lets users sign in."""


class Steering(TypedDict):
    """What a run can be asked: the field `steering` of its document, from when it listens until it ends."""

    commands: list[str]
    set: list[str]
    """The names that `set` takes."""


@dataclass(frozen=True)
class Command:
    """Something that somebody asked of a training.

    Attributes:
        id: The `_id` of its document.
        name: `"stop"`, `"checkpoint"` or `"set"`.
        params: For `"set"`, the values by their names.
    """

    id: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What becomes of a command.

    Attributes:
        id: The command's.
        state: Its new state.
        message: What came of it, for people.
    """

    id: str
    state: State
    message: str = ""

    @property
    def patch(self) -> dict[str, Any]:
        """What to set in the command's document."""
        return {"state": self.state.value, "message": self.message}

    @property
    def query(self) -> dict[str, Any]:
        """What that document must match, so that a command is answered once, and the same answer may come twice.

        It matches afterwards too, because NeDB sends no event of a change that its own query no longer finds.
        """
        return {"state": {"$in": [State.SENT.value, State.ACCEPTED.value, self.state.value]}}


def new_command(run: Mapping[str, Any], name: str, params: Mapping[str, Any] = {}) -> CommandDocument:
    """Makes the document of a command.

    Args:
        run: The run's document: a command is for the eyes of those who may see the run.
        name: What is asked.
        params: For `set`, the values by their names.
    """
    document: dict[str, Any] = {
        "_id": str(uuid.uuid4()),
        "runId": run["_id"],
        "command": name,
        "params": dict(params),
        "state": State.SENT.value,
        "message": None,
    }
    if run.get("public") is True:
        document["public"] = True
    return document  # type: ignore[return-value]


def steering_of(run: Mapping[str, Any]) -> Steering | None:
    """What a run can be asked, by its document; `None` where it can be asked nothing."""
    told = run.get(STEERING)
    if not isinstance(told, Mapping):
        return None
    commands, names = (_texts(told.get(key)) for key in ("commands", "set"))
    return {"commands": commands, "set": names} if commands else None


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

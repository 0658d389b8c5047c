"""What a checkpoint of Hugging Face's `Trainer` knows of a run: its `_id`, in `trainer_state.json`.

A callback that is an `ExportableState` of theirs would be made anew from what the file tells, without what its user
gave it, where they ask for `restore_callback_states_from_checkpoint`. So this writes into the same place by itself.
It is the `_id` and not the folder: these files are pushed to hubs, and a folder of runs may be moved.
"""

from __future__ import annotations

import uuid
from typing import Any


def run_of(state: Any, key: str) -> str | None:
    """The `_id` of the run that a checkpoint was saved in; `None` where the file tells none.

    Args:
        state: The `TrainerState` of a training that begins.
        key: What the callback has noted it under.
    """
    if not state.global_step:
        return None
    try:
        return str(uuid.UUID(state.stateful_callbacks[key]["attributes"]["run_id"]))
    except (TypeError, KeyError, AttributeError, ValueError):  # no such entry, or one that somebody else has written
        return None


def note(state: Any, key: str, run_id: str | None) -> None:
    """Has each checkpoint of a training know its run.

    Args:
        state: The `TrainerState`.
        key: What to note it under: of several callbacks, each has its own.
        run_id: The run's `_id`; `None` where nothing is recorded.
    """
    if run_id is not None:
        state.stateful_callbacks[key] = {"args": {}, "attributes": {"run_id": run_id}}

"""Commands to a job while its process has it; those to its run are its writer's."""

from __future__ import annotations

import contextlib
from typing import Any

from ...client.view import Change
from ...errors import MarcelleError, NotFound
from ...notices import logger
from ...runs.document.commands import COMMANDS, State
from ..definition import Definition
from ..documents import is_job_command
from ..following import Following
from .job import Job

Document = dict[str, Any]


class JobCommands:
    """Answers the commands that name a job and no run.

    `_accepted` is written on the following's thread, and read when that has ended.

    Args:
        definition: The server's.
        job: The job.
        document: Its document.
    """

    def __init__(self, definition: Definition, job: Job, document: Document) -> None:
        self._job = job
        self._commands = definition.store.service(COMMANDS)
        self._accepted: list[str] = []
        query = {"jobId": job.id, "state": State.SENT.value}

        def is_ours(command: Document) -> bool:  # another user's may name a job that he can't see
            return is_job_command(command) and definition.may_command(command, document)

        self._following = Following(self._commands, query, is_ours, self._on_change)

    def close(self, how: str) -> None:
        """Says of those that were accepted that they are done, and answers no more.

        Args:
            how: How the job has ended.
        """
        self._following.close()
        for command in self._accepted:
            try:
                self._answer(command, State.DONE, how)
            except MarcelleError as error:  # the job's own document says it as well
                logger.info("command %s was not answered: %s", command, error)

    def _on_change(self, change: Change) -> None:
        command = change.document
        if change.kind == "removed":
            return
        verb = command.get("command")
        if verb == "stop":
            self._job.request_stop()
        elif verb == "cancel":
            self._job.cancel()
        elif verb not in ("set", "checkpoint"):
            text = f"{str(verb)[:40]!r} is not a command; use stop, cancel, set or checkpoint"
            self._answer(command["_id"], State.REFUSED, text)
            return
        elif self._job.run_id is None:
            self._answer(command["_id"], State.REFUSED, "the training has not begun")
            return
        else:  # the run's writer answers it
            with contextlib.suppress(NotFound):
                self._commands.patch(command["_id"], {"runId": self._job.run_id})
            return
        self._accepted.append(command["_id"])
        self._answer(command["_id"], State.ACCEPTED, "")

    def _answer(self, command: str, state: State, message: str) -> None:
        with contextlib.suppress(NotFound):  # who sent it has taken it back
            self._commands.patch(command, {"state": state.value, "message": message})

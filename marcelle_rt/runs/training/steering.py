"""What a training is asked while it goes on, and does on its own thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import MarcelleError
from ...foreign import clean
from ...notices import logger
from ..document.commands import CHECKPOINT, SET, STOP, Answer, Command, State
from ..document.commands import Steering as Offers
from .exits import describe

Setter = Callable[[Any], object]

ENDED = "the run has ended"
_LONGEST_VALUE = 10_000  # characters of a text
_LONGEST_REASON = 500
_MOST = 100  # commands that wait


class Refused(MarcelleError):
    """Why a training does not do what it was asked; a setter may raise it.

    Attributes:
        reason: Half a sentence, which the asker is shown.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Steering:
    """What a training can be asked, what waits for its next batch or epoch, and what became of it.

    | attribute | written by | read by |
    |---|---|---|
    | `_setters`, `_checkpoint`, `offers` | training | both |
    | `_waiting`, `_has_ended` | training and listener, under `_lock` | both |
    | `is_stopped`, `_stops` | training | both |

    Args:
        answer: Takes what becomes of a command, on the training thread. It must not wait.

    Attributes:
        offers: What can be asked; the run's document has the same.
        is_stopped: Whether the training was asked to stop.
    """

    def __init__(self, answer: Callable[[Answer], None]) -> None:
        self._answer = answer
        self._setters: Mapping[str, Setter] = {}
        self._checkpoint: Callable[[], object] | None = None
        self.offers: Offers = {"commands": [], "set": []}
        self.is_stopped: bool = False
        self._stops: list[str] = []
        self._waiting: list[Command] = []
        self._has_ended = False
        self._lock = threading.Lock()

    # On the training thread.

    def declare(self, setters: Mapping[str, Setter], checkpoint: Callable[[], object] | None) -> bool:
        """Says what the training can be asked from now on, beside stopping.

        Args:
            setters: For each name what takes its value.
            checkpoint: Saves the model; `None` where that can't be asked.

        Returns:
            Whether that is something else than before.
        """
        self._setters, self._checkpoint = setters, checkpoint
        names = [str(name) for name in setters]
        commands = [STOP, *([CHECKPOINT] if checkpoint is not None else ()), *([SET] if names else ())]
        if (commands, names) == (self.offers["commands"], self.offers["set"]):
            return False
        self.offers = {"commands": commands, "set": names}
        return True

    def take(self) -> list[Command]:
        """Does what waits, and answers it. Raises nothing, whatever a setter does.

        Returns:
            What waited.
        """
        if not self._waiting:  # nearly always, and this is asked at each batch
            return []
        with self._lock:
            commands, self._waiting = self._waiting, []
        for command in commands:
            self._do(command)
        return commands

    def end(self, how: str) -> None:
        """The run ends: whoever asked it to stop is told, and what waits still is refused.

        Args:
            how: How it ended, for those who asked it to.
        """
        with self._lock:
            self._has_ended = True
            late, self._waiting = self._waiting, []
        for identity in self._stops:
            self._answer(Answer(identity, State.DONE, how))
        for command in late:
            self._answer(Answer(command.id, State.REFUSED, "the run ended before it was done"))

    def _do(self, command: Command) -> None:
        if command.name == STOP:
            self.is_stopped = True
            self._stops.append(command.id)  # it is done when the run has ended
            return
        try:
            message = self._save() if command.name == CHECKPOINT else self._set(command.params)
        except Refused as refusal:
            self._answer(Answer(command.id, State.REFUSED, refusal.reason))
        except Exception as error:
            # A setter is the user's own code, and may raise anything; the training goes on.
            logger.info("a command could not be done", exc_info=error)
            self._answer(Answer(command.id, State.REFUSED, clean(describe(error), _LONGEST_REASON)))
        else:
            self._answer(Answer(command.id, State.DONE, message))

    def _save(self) -> str:
        if self._checkpoint is None:
            raise Refused("this training saves no checkpoints any more")
        self._checkpoint()
        return "the checkpoint is saved"

    def _set(self, values: Mapping[str, Any]) -> str:
        for name, value in values.items():
            setter = self._setters.get(name)
            if setter is None:
                raise Refused(f"{name!r} can't be set any more")
            setter(value)
        return clean(", ".join(f"{name} is {value!r}" for name, value in values.items()), _LONGEST_REASON)

    # On the listener's thread.

    def judge(self, document: Mapping[str, Any]) -> Command | Answer:
        """Decides whether the training can be handed a command.

        Args:
            document: As somebody stored it, who can be anybody; it has an `_id`.

        Returns:
            The command; or the answer, where it can't.
        """
        identity, name, params = str(document["_id"]), document.get("command"), document.get("params")
        command = Command(identity, str(name), dict(params) if isinstance(params, Mapping) else {})
        with self._lock:
            reason = ENDED if self._has_ended else self._against(command)
        return command if reason is None else Answer(identity, State.REFUSED, reason)

    def put(self, command: Command) -> list[Answer]:
        """Hands the training a command, which was judged and accepted.

        Returns:
            What becomes at once of this one, and of one in whose place it comes.
        """
        with self._lock:
            if self._has_ended:
                return [Answer(command.id, State.REFUSED, ENDED)]
            older = [other for other in self._waiting if command.name == SET and _sets_the_same(other, command)]
            self._waiting = [*(other for other in self._waiting if other not in older), command]
        return [Answer(other.id, State.REFUSED, "a newer value came before it was done") for other in older]

    def _against(self, command: Command) -> str | None:
        """Why a command can't be done, or `None`."""
        offers, name = self.offers, command.name
        waiting = {other.name for other in self._waiting}
        if name not in offers["commands"]:
            known = ", ".join(offers["commands"])
            return f"this training does not know the command {clean(name, 80)!r}; it knows {known}"
        if name == STOP and (self.is_stopped or STOP in waiting):
            return "the training has been asked to stop already"
        if name == CHECKPOINT and CHECKPOINT in waiting:
            return "a checkpoint is about to be saved already"
        if name != STOP and len(self._waiting) >= _MOST:
            return f"{_MOST} commands wait already for the training's next batch or epoch"
        return self._against_values(command.params, offers["set"]) if name == SET else None

    def _against_values(self, params: Mapping[str, Any], names: list[str]) -> str | None:
        if not params:
            return f"`params` names nothing to set; this training can set {', '.join(names)}"
        for name, value in params.items():
            if name not in names:
                return f"{clean(name, 80)!r} can't be set; this training can set {', '.join(names)}"
            if not _is_plain(value):
                return f"the value of {name!r} is not a number, a text, or true or false"
        return None


def _sets_the_same(one: Command, other: Command) -> bool:
    return one.name == SET and one.params.keys() <= other.params.keys()


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= _LONGEST_VALUE)

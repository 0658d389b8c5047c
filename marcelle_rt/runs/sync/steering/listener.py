"""Hears the commands to one run, and sends what its training answers: on a thread of its own, which waits for it.

It misses nothing: events come while there is a connection, and whenever there is one again, or more came than it
holds, the commands that nobody has answered are read. It holds no more than a few: the rest stays on the backend.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from ....client.doubt import is_away, may_pass
from ....client.paging import identity
from ....errors import FeathersError, Forbidden, MarcelleError, MethodNotAllowed, NotFound
from ....notices import Notices, logger, sentence
from ....processes.threads import started
from ...document.commands import ANSWERED, COMMANDS, Answer, State
from ...remote.link import Link
from ...training.steering import Steering

ROOM = 100
"""How many commands it holds that were not looked at yet."""

_RETRY = 5.0  # seconds until a backend that was away, or said no, is asked again
_LOOK = 2.0  # seconds between two readings where no WebSocket gets through; whoever asks waits for 5
_REMEMBERED = 10 * ROOM


class Listener:
    """The thread between a run's `Steering` and the backend.

    | attribute | written by | read by |
    |---|---|---|
    | `_heard`, `_has_missed` | dispatcher and listener, under `_changed` | both |
    | `_answers` | training puts in, listener takes out, under `_changed` | both |
    | `_is_ending` | training, under `_changed` | both |
    | `_seen`, `_answered` | listener | listener |

    Args:
        link: The backend; a link of its own, as the run's is closed when its copy is level.
        owns_link: Whether to close it at the end.
        run_id: The run's `_id`.
        notices: What the user is told.
        resumed: Whether the run goes on: commands from before are late.
    """

    def __init__(self, link: Link, run_id: str, notices: Notices, *, owns_link: bool, resumed: bool) -> None:
        self.steering: Steering = Steering(self._answer)
        self._link = link
        self._owns_link = owns_link
        self._run_id = run_id
        self._notices = notices
        self._finds_late_ones = resumed
        self._changed = threading.Condition()
        self._heard: deque[dict[str, Any]] = deque()
        self._has_missed = True
        self._answers: deque[Answer] = deque()
        self._is_ending = False
        self._seen: OrderedDict[Any, None] = OrderedDict()
        self._answered: deque[str] = deque(maxlen=_REMEMBERED)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to listen; waits for nothing."""
        self._thread = started(self._run, "commands")

    # On the training thread.

    def _answer(self, answer: Answer) -> None:
        with self._changed:
            self._answers.append(answer)
            self._changed.notify_all()

    def end(self, how: str) -> None:
        """The run has ended: what waits is answered, and then it listens no more. Waits for nothing.

        Args:
            how: How the run ended, for those who asked it to stop.
        """
        self.steering.end(how)
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def wait(self, timeout: float) -> None:
        """Waits until all is answered, at most so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    # On the dispatcher's thread.

    def _hear(self, document: Mapping[str, Any]) -> None:
        if document.get("runId") != self._run_id or document.get("state") != State.SENT.value:
            return
        with self._changed:
            if len(self._heard) < ROOM:
                self._heard.append(dict(document))
            else:
                self._has_missed = True
            self._changed.notify_all()

    def _connected(self) -> None:
        with self._changed:
            self._has_missed = True
            self._changed.notify_all()

    # On the listener's thread.

    def _run(self) -> None:
        session = self._link.store.session
        handlers: dict[str, Callable[..., object]] = {
            f"{COMMANDS} created": self._hear,
            f"{COMMANDS} patched": self._hear,  # one to the run's job, which hands it on
            "connected": self._connected,
        }
        try:
            for event, function in handlers.items():
                session.on(event, function)
            self._serve()
            for event, function in handlers.items():
                session.off(event, function)
        except MarcelleError as error:  # its store was closed by its owner, and nobody hears more
            logger.info("commands to %s are heard no more: %s", self._run_id, error)
        finally:
            if self._owns_link:
                self._link.close()

    def _serve(self) -> None:
        pause: float | None = None
        while True:
            with self._changed:
                if pause is not None and not self._is_ending:
                    self._changed.wait(pause)
                else:
                    self._changed.wait_for(self._has_work)
                is_ending = self._is_ending
            if is_ending:
                break
            pause = self._work()
        if self._link.is_ready:
            self._sweep()
            self._connected()  # what came just now is late, and is told so
            self._work()

    def _has_work(self) -> bool:
        return bool(self._answers or self._heard or self._has_missed or self._is_ending)

    def _work(self) -> float | None:
        """Does all that there is; gives the seconds to pause before the next try, if there must be one."""
        try:
            while self._step():
                pass
        except MarcelleError as error:
            if self._link.store.status == "closed":
                raise
            if not is_away(error):
                why = sentence(error)
                self._notices.warn("commands", f"Commands to the run can't be heard: {why} The training goes on.")
            return _RETRY
        if self._link.store.session.lacks_socket:  # nothing comes by itself, so it is asked for
            self._has_missed = True
            return _LOOK
        return None

    def _step(self) -> bool:
        """Answers one command, or reads those that were missed.

        Returns:
            Whether there was something to do.
        """
        if self._answers:  # first, as people wait for them
            self._send(self._answers[0])
            self._answers.popleft()
        elif self._heard:
            self._consider(self._heard[0])
            self._heard.popleft()
        elif self._has_missed:
            self._read()
        else:
            return False
        return True

    def _read(self) -> None:
        service = self._link.store.service(COMMANDS)
        self._has_missed = False
        try:
            query = {"runId": self._run_id, "state": State.SENT.value}
            found = service.first({**query, "$sort": {"createdAt": 1}}, ROOM)
        except BaseException:  # whatever has ended the reading: it is not whole
            self._has_missed = True
            raise
        late, self._finds_late_ones = self._finds_late_ones, False
        fresh = [document for document in found if identity(document) not in self._seen]
        for document in fresh:
            if late:
                self._remember(identity(document))
                self._answer(Answer(identity(document), State.REFUSED, "it was sent before the run went on"))
            else:
                self._heard.append(document)
        if fresh and len(found) == ROOM:
            self._has_missed = True

    def _consider(self, document: Mapping[str, Any]) -> None:
        key = identity(document)
        if key in self._seen:
            return
        verdict = self.steering.judge({**document, "_id": key})
        if isinstance(verdict, Answer):
            self._send(verdict)
        elif self._send(Answer(verdict.id, State.ACCEPTED)):  # before it is done, so that one taken back never is
            for answer in self.steering.put(verdict):
                self._answer(answer)
        self._remember(key)

    def _remember(self, key: Any) -> None:
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _send(self, answer: Answer) -> bool:
        """Answers a command; tells whether it was there to be answered still."""
        try:
            self._link.store.service(COMMANDS).patch(answer.id, answer.patch, {"query": answer.query})
        except NotFound:  # its asker has taken it back
            return False
        except FeathersError as error:
            if may_pass(error):
                raise
            logger.warning("the command %s can't be answered: %s", answer.id, error)
            return False
        if answer.state in ANSWERED:
            self._answered.append(answer.id)
        return True

    def _sweep(self) -> None:
        """Removes what was answered while the run went on: its askers have read it by now."""
        if not self._answered:
            return
        service = self._link.store.service(COMMANDS)
        query = {"runId": self._run_id, "state": {"$in": [state.value for state in ANSWERED]}}
        try:
            try:
                service.remove(None, {"query": query})
            except (Forbidden, MethodNotAllowed):  # a backend where one removes documents one by one
                for command in self._answered:
                    with contextlib.suppress(NotFound):
                        service.remove(command)
        except MarcelleError as error:
            logger.info("answered commands of %s stay: %s", self._run_id, error)

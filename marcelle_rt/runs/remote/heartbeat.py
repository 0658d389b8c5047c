"""Signs of life of the runs that are open, so that whoever looks can tell one that goes on from one that was killed.

They lie in a service of their own, `run-heartbeats`, a document a run under the run's own `_id`:
`{runId, time, interval, host, pid}`. And they are evidence: where the run is gone and its heartbeat is still
there, somebody removed the run; where both are gone, the database lost them.
"""

from __future__ import annotations

import datetime as dt
import socket
import time
from collections.abc import Callable
from typing import Any

from ...client.doubt import may_pass
from ...errors import AWAY, FeathersError, MarcelleError, NotFound
from ...notices import logger
from ...processes.forks import pid
from ...values import iso, time_of
from ..document.events import HEARTBEATS, RUNS
from ..document.run import ENDED
from .link import Link

INTERVAL = 30.0  # seconds
MISSED = 4  # intervals without a sign after which a run is taken for dead
_LATER = 5.0  # seconds until one that did not come through is tried again


class Heartbeat:
    """The signs of life of one run.

    Args:
        clock: Monotonic seconds.

    Attributes:
        is_published: Whether the backend has one of this run.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = 0.0
        self._copies = 0
        self.is_published: bool = False

    def keep_up(self, link: Link, run_id: str, copies: int) -> float:
        """Gives a sign of life if one is due. It waits for no connection, and raises for none.

        Args:
            link: The backend.
            run_id: The run's `_id`.
            copies: How often the run was created or found there: each new one gets a sign at once.

        Returns:
            When the next one is due, on the clock.
        """
        now = self._clock()
        if now < self._due and copies == self._copies:
            return self._due
        self._due = now + _LATER
        if not link.is_ready:
            return self._due
        try:
            self._write(link, run_id, new=copies != self._copies)
        except AWAY as error:
            logger.info("no heartbeat: %s", error)
            return self._due
        except MarcelleError as error:  # a backend that has no place for it; the run itself needs none
            logger.info("no heartbeat: %s", error)
        self._copies = copies
        self._due = now + INTERVAL
        return self._due

    def _write(self, link: Link, run_id: str, new: bool) -> None:
        sign = {
            "runId": run_id,
            "time": iso(),
            "interval": INTERVAL,
            "host": socket.gethostname(),
            "pid": pid(),
        }
        service = link.service(HEARTBEATS)
        if new:
            try:
                service.create({"_id": run_id, **sign})
            except FeathersError:  # a resumed run has one, or an earlier attempt came through
                service.patch(run_id, sign)
        else:
            try:
                service.patch(run_id, sign)
            except NotFound:
                service.create({"_id": run_id, **sign})
            else:
                self.is_published = True
                return
        # Alone, it would say that somebody removed a run that the database lost: also one that another backend
        # never had, which has taken the place of the first since the run was there. So we look after it is made.
        self.is_published = link.has(RUNS, run_id)
        if not self.is_published:
            service.remove(run_id)

    def end(self, link: Link, run_id: str) -> None:
        """Takes the sign away, once, because the run has ended. Nobody waits for it, and none is left to fail."""
        if not self.is_published or not link.is_ready:
            return
        self.is_published = False
        try:
            link.way.session.call_async("remove", HEARTBEATS, run_id, {})
        except MarcelleError as error:
            logger.info("the heartbeat of %s stays: %s", run_id, error)


def exists(link: Link, run_id: str) -> bool:
    """Whether a backend has a run's heartbeat, fresh or old."""
    try:
        link.service(HEARTBEATS).get(run_id)
    except FeathersError as error:
        if may_pass(error):  # else a run that was removed would be taken for lost, and come back
            raise
        return False  # there is none, or no such service
    return True


def remove(link: Link, run_id: str, status: Any) -> None:
    """Removes the heartbeat of a run that was removed.

    That of a run that goes on stays: its process shall see that the run was removed, and not lost.

    Args:
        link: The backend.
        run_id: The run's `_id`.
        status: The run's last status.
    """
    service = link.service(HEARTBEATS)
    try:
        if status in ENDED or is_stale(service.get(run_id)):
            service.remove(run_id)
    except FeathersError as error:
        if not isinstance(error, NotFound):
            logger.info("the heartbeat of %s stays: %s", run_id, error)


def is_stale(heartbeat: dict[str, Any], now: dt.datetime | None = None) -> bool:
    """Whether a heartbeat is so old that its process must be dead.

    Args:
        heartbeat: The document.
        now: The time; this machine's if `None`.
    """
    last = time_of(heartbeat.get("time"))
    if last is None:
        return True
    try:
        patience = dt.timedelta(seconds=MISSED * float(heartbeat.get("interval", INTERVAL)))
    except (ValueError, TypeError, OverflowError):  # nobody's that we know
        return True
    return (now or dt.datetime.now(dt.timezone.utc)) - last > patience

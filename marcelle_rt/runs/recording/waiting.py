"""Waiting: until the copies of a run have it, and no longer than that can come true."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from ...notices import Notices
from ..sync.feed import Feed
from ..sync.patience import Patience, unsent
from ..sync.publisher import Publisher

if TYPE_CHECKING:
    from ..alerts.webhook import Webhook


class Waiting:
    """Waits for one run's copies.

    Args:
        feed: The run's way to them.
        publisher: What sends it.
        webhook: What posts its alerts, if they are posted.
        notices: What the user is told.
    """

    def __init__(self, feed: Feed, publisher: Publisher, webhook: Webhook | None, notices: Notices) -> None:
        self._feed = feed
        self._publisher = publisher
        self._webhook = webhook
        self._notices = notices

    def settle(self, timeout: float) -> bool:
        """Waits until the backend has a run that ended, and says where the rest is kept if it has not.

        For a backend that was never reached it waits a moment only, and once a process: all is in the folder.

        Args:
            timeout: The most seconds to wait.

        Returns:
            Whether nobody was impatient: Ctrl-C leaves the rest for later.
        """
        patient, complete = True, False
        url = self._feed.copy.link.location if self._feed.copy is not None else None
        try:
            what = f"Waiting for {url} (Ctrl-C leaves the rest for later)"
            complete = self.wait(timeout, what, Patience(self._feed, self._publisher).is_over)
        except KeyboardInterrupt:
            patient = False
        if not complete and (hint := unsent(self._feed)) is not None:
            self._notices.warn(("rest", self._feed.run.id), hint)
        return patient

    def wait(self, timeout: float, what: str = "Sending the run", in_vain: Callable[[], bool] = bool) -> bool:
        """Waits until the folder and the backend have all that was recorded so far.

        Args:
            timeout: The most seconds to wait.
            what: What is waited for, as a bar says it.
            in_vain: Whether waiting on is in vain.

        Returns:
            Whether they have.
        """
        end = monotonic() + timeout
        flush = self._feed.flush()
        self._publisher.wake()
        complete = flush.wait(timeout, what, in_vain)
        if self._webhook is not None:
            self._webhook.flush(max(0.0, end - monotonic()))
        return complete

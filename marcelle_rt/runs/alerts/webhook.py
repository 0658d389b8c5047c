"""The optional webhook for alerts: posts them from a thread of its own.

The URL is a secret: whoever has it can post. It appears in no log, no error and no document.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ...client.doubt import passes
from ...client.opener import opener
from ...errors import MarcelleError
from ...notices import Notices
from ...processes.threads import started
from ...values import dumps
from .alert import sentence

_TIMEOUT = 10.0  # seconds for one attempt
_PAUSES = (1.0, 4.0)  # seconds before the second and the third attempt
_MOST = 100  # alerts that wait


class _Failure(NamedTuple):
    """Why an alert was not posted, in words that hold nothing of the URL."""

    reason: str
    may_pass: bool


class Webhook:
    """Posts alerts to one URL, in order."""

    def __init__(self, url: str, notices: Notices, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Prepares it; its thread lives only while something waits.

        Args:
            url: Where to.
            notices: What the user is told, once.
            sleep: Waits so many seconds before another attempt.
        """
        self._url = url
        self._notices = notices
        self._sleep = sleep
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failed = False
        self._idle = threading.Event()
        self._idle.set()

    def post(self, alert: dict[str, Any]) -> None:
        """Takes an alert's document; returns at once."""
        if len(self._waiting) >= _MOST:
            self._notices.warn("webhook", f"More than {_MOST} alerts wait to be posted, so the oldest are dropped.")
        with self._lock:
            self._waiting.append(alert)
            self._idle.clear()
            self._begin()

    def flush(self, timeout: float) -> bool:
        """Waits until all are posted or given up, at most so many seconds."""
        with self._lock:
            self._begin()
        return self._idle.wait(timeout)

    def _begin(self) -> None:
        """Starts the thread if something waits, also what came while the system refused one."""
        if self._waiting and self._thread is None:
            self._thread = started(self._serve, "webhook")

    def _serve(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    self._idle.set()
                    return
                alert = self._waiting.popleft()
            failure = self._send(body(alert))
            if failure is not None:
                text = f"An alert could not be posted to $MARCELLE_WEBHOOK: {failure.reason}. The training goes on."
                self._notices.warn("webhook", text)

    def _send(self, data: bytes) -> _Failure | None:
        failure = self._attempt(data)
        for pause in () if self._failed else _PAUSES:  # after three failures the next alert is tried only once
            if failure is None or not failure.may_pass:
                break
            self._sleep(pause)
            failure = self._attempt(data)
        self._failed = failure is not None
        return failure

    def _attempt(self, data: bytes) -> _Failure | None:
        """Posts once; returns why that failed, in words that hold nothing of the URL."""
        try:
            if urlsplit(self._url).scheme not in ("http", "https"):
                return _Failure("it is not an http or https URL", may_pass=False)
            headers = {"Content-Type": "application/json", "User-Agent": "marcelle_rt"}
            request = urllib.request.Request(self._url, data, headers, method="POST")
            with opener(self._url).open(request, timeout=_TIMEOUT):
                return None
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"it answers with HTTP status {error.code}"
            if 300 <= error.code < 400:
                reason += ", and a redirect is not followed"
            return _Failure(reason, may_pass=passes(error.code))
        except (OSError, HTTPException) as error:  # also urllib's URLError
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            return _Failure(getattr(cause, "strerror", None) or type(cause).__name__, may_pass=True)
        except (ValueError, MarcelleError) as error:  # it is not a URL, or there is a CA bundle that can't be read
            return _Failure(f"it can't be posted to ({type(error).__name__})", may_pass=False)


def body(alert: dict[str, Any]) -> bytes:
    """The JSON that is posted. `text` has all of the alert, because that is what Slack and Mattermost show."""
    return dumps(
        {
            "text": sentence(alert),
            "title": alert["title"],
            "level": alert["level"],
            "run": alert["run"],
            "run_id": alert["runId"],
            "epoch": alert["epoch"],
            "time": alert["time"],
        }
    )

"""What a backend's HTTP side says of itself: whether it answers, and what time it has."""

from __future__ import annotations

import datetime as dt
import email.utils
import http.client
import json
import time
import urllib.error
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..client import tls
from ..client.opener import opener

_TIMEOUT = 5.0  # seconds
_LIMIT = 1_000_000  # bytes


class Answer(NamedTuple):
    """An answer to a GET."""

    status: int
    headers: Any
    body: bytes
    asked: float
    """When it was asked, in seconds since 1970."""
    answered: float


def get(
    location: str, path: str = "info", timeout: float = _TIMEOUT, headers: Mapping[str, str] | None = None
) -> Answer:
    """Gets a path of a backend, nobody being signed in.

    Raises:
        OSError: Nobody answers, or its certificate is refused; the text says why.
        InvalidData: `$MARCELLE_CA_BUNDLE` can't be used.
    """
    asked = time.time()
    try:
        request = urllib.request.Request(f"{location}/{path}", headers=dict(headers or {}))
        with opener(location).open(request, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read(_LIMIT), asked, time.time())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read(_LIMIT), asked, time.time())
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"what answers does not speak HTTP ({error!r})") from error
    except OSError as error:
        raise OSError(tls.refusal(error) or str(getattr(error, "reason", error))) from error


def info(answer: Answer) -> dict[str, Any] | None:
    """What a Marcelle backend says of itself; `None` for another kind of server."""
    try:
        parsed = json.loads(answer.body)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) and "services" in parsed else None


def server_time(location: str) -> dt.datetime | None:
    """A backend's own time, to the second; `None` where it doesn't tell."""
    try:
        answer = get(location)
    except OSError:
        return None
    difference = clock_difference(answer)
    return None if difference is None else dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=difference)


def clock_difference(answer: Answer) -> float | None:
    """How far a server's clock is before this machine's, in seconds, to about half a one; `None` if it doesn't tell."""
    try:
        told = email.utils.parsedate_to_datetime(answer.headers["Date"])
    except (TypeError, ValueError):
        return None
    # The header has whole seconds, cut off: on average half of one more has passed.
    return told.timestamp() + 0.5 - (answer.asked + answer.answered) / 2

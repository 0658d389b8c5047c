"""Answers the requests for predictions, one after the other, on a thread of its own."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ...client.doubt import is_away
from ...client.retrying import patiently
from ...client.service import Service
from ...client.view import Change
from ...datasets.stored.decoding import value
from ...errors import MarcelleError, NotFound
from ...notices import Notices, logger
from ...runs.training.exits import describe, short
from ...values import to_wire
from ..definition import Definition
from ..documents import REQUESTS, RequestState, is_request
from ..following import Following
from ..presence import names_of
from .published import Published

Predictor = Callable[[Any], Any]


class Answering:
    """Answers what pages ask the server's predictors and models.

    Args:
        definition: The server's.
        server: The server's own id.
    """

    def __init__(self, definition: Definition, server: str) -> None:
        self._server = server
        self._requests = definition.store.service(REQUESTS)
        self._notices = Notices()
        self._ended = threading.Event()
        self._published = {
            name: Published(definition.store, name) for name in definition.tasks if name not in definition.predictors
        }
        self._predictors: dict[str, Predictor] = {**self._published, **definition.predictors}
        query = {"task": {"$in": names_of(definition)}, "state": RequestState.ASKED.value}
        ours = definition.serves(is_request)
        self._following = Following(self._requests, query, ours, self._on_change, self._begun)

    def end(self) -> None:
        """Has it answer no more, and waits for nothing."""
        self._ended.set()
        self._following.end()

    def close(self) -> None:
        """Answers no more."""
        self._ended.set()
        self._following.close()
        for model in self._published.values():
            model.close()

    def _begun(self) -> None:
        for model in self._published.values():
            model.look_again()

    def _on_change(self, change: Change) -> None:
        if change.kind != "removed":
            self._answer(change.document)

    def _answer(self, request: dict[str, Any]) -> None:
        send_answer(self._requests, request["_id"], self._made(request), self._server, self._ended.wait)

    def _made(self, request: dict[str, Any]) -> dict[str, Any]:
        task = request["task"]
        try:
            y = to_wire(self._predictors[task](value(request.get("x"))), "y")
        except MarcelleError as error:
            return _failed(str(error))
        except BaseException as error:  # a predictor is the user's, and raises what it likes; the page is to know
            self._notices.warn(task, f"The predictor of {task!r} raised:\n{traceback.format_exc()}")
            return _failed(describe(error))
        return {"state": RequestState.ANSWERED.value, "y": y}


def send_answer(
    requests: Service, key: str, changes: Mapping[str, Any], server: str, sleep: Callable[[float], object]
) -> None:
    """Sends an answer; where that can't be, says so in its place.

    Args:
        requests: The service.
        key: The request's `_id`.
        changes: What answers it.
        server: Whose answer it is.
        sleep: Waits so many seconds, before what a busy backend refused is tried again.

    Raises:
        MarcelleError: The backend is away; the request is given again when it is back.
    """
    # Two servers may both have begun; the first answer counts. The `$or` is that of `claims`.
    query = {"$or": [{"state": RequestState.ASKED.value}, {"server": server}]}
    try:
        patiently(lambda: requests.patch(key, {**changes, "server": server}, {"query": query}), sleep)
    except NotFound:  # who asked has gone, or has an answer
        return
    except MarcelleError as error:  # an answer that is too large, mostly; the next request may be another's
        if is_away(error):
            raise
        told = f"the answer can't be sent: {error}"
        logger.info("request %s: %s", key, told)
        if changes["state"] != RequestState.ERROR.value:
            send_answer(requests, key, _failed(told), server, sleep)


def _failed(message: str) -> dict[str, Any]:
    return {"state": RequestState.ERROR.value, "message": short(message)}

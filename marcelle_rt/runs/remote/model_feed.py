"""The way of a training's models to the pages that follow a name: the newest, on a thread of its own.

| attribute | written by | read by |
|---|---|---|
| `_waiting` | the training thread, and for a retry the feed's own, under `_changed` | both, under `_changed` |
| `_closed` | the training thread, under `_changed` | both, under `_changed` |
| `_busy` | the feed's thread, under `_changed` | both, under `_changed` |
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AWAY
from ...foreign import pass_interrupt
from ...notices import Notices, logger, sentence
from ...processes.threads import started
from .destination import Destination
from .publishing import ModelPublisher
from .uploads import FileUploads

_RETRY = 5.0  # seconds until a backend that was away is asked again
_PATIENCE = 1.0  # seconds that the end waits for the thread itself


@dataclass(frozen=True)
class _Snapshot:
    """A model as it was when it was offered.

    Attributes:
        folder: Holds it; it goes with the last reference.
        saved: The saved model that is still to be converted, or `None` where the folder has what a page loads.
        labels: The classes in the order of its outputs; `None` keeps those of the model before.
    """

    folder: tempfile.TemporaryDirectory[str]
    saved: Path | None
    labels: Sequence[Any] | None


class ModelFeed:
    """Publishes models under one name while a training goes on, which neither waits for that nor is stopped by it.

    Args:
        destination: The backend.
        name: The name that pages follow.
        notices: What the user is told.
        clock: Tells the time.
        public: Let users see the models who sign in as somebody else.
        published: Gets the document of each model that is there, on the feed's thread.
    """

    def __init__(
        self,
        destination: Destination,
        name: str,
        notices: Notices,
        clock: Callable[[], float] = time.monotonic,
        *,
        public: bool = False,
        published: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._destination = destination
        self._name = name
        self._notices = notices
        self._clock = clock
        self._public = public
        self._published = published
        self._changed = threading.Condition()
        self._waiting: _Snapshot | None = None
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def offer(self, model: Any, labels: Sequence[Any] | None = None) -> None:
        """Takes a model to publish, in place of one that still waits; called on the training thread.

        What is quick to convert is converted here; the rest is saved, and converted in a process of its own.

        Args:
            model: A Keras model.
            labels: The classes, in the order of its outputs; `None` keeps those of the model before.
        """
        snapshot = self._snapshot(model, labels)
        if snapshot is None:
            return
        with self._changed:
            self._waiting = snapshot
            self._changed.notify_all()
            if self._thread is None:
                self._thread = started(self._run, "models")

    def close(self, timeout: float) -> bool:
        """Ends it when the last model is published, or after so many seconds.

        Returns:
            Whether the last model is there.
        """
        deadline = self._clock() + timeout
        with self._changed:
            while self._waiting is not None or self._busy:
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            done = self._waiting is None and not self._busy
            self._closed = True
            self._changed.notify_all()
        if not done:
            text = f"The last model was not published as {self._name!r} within {timeout:g} s; pages keep an older one."
            self._notices.warn("publish", text)
        elif self._thread is not None:
            self._thread.join(_PATIENCE)
        return done

    def _snapshot(self, model: Any, labels: Sequence[Any] | None) -> _Snapshot | None:
        from ... import models
        from ...models import disk

        folder = tempfile.TemporaryDirectory(prefix="marcelle-", ignore_cleanup_errors=True)
        try:
            if models.is_quick(model, "tfjs"):
                models.convert(model, Path(folder.name), "tfjs")
                return _Snapshot(folder, None, labels)
            return _Snapshot(folder, disk.save(model, Path(folder.name), "model", "keras"), labels)
        except BaseException as error:
            pass_interrupt(error)
            # Keras raises whatever a layer's own code raises; the training goes on whatever it is.
            self._tell(error)
            return None

    def _run(self) -> None:
        link = self._destination.open()
        publisher = ModelPublisher(link, FileUploads(link), self._name, self._clock)
        try:
            while (snapshot := self._next()) is not None:
                self._publish(publisher, snapshot)
        finally:
            if self._destination.owns_link:
                link.close()

    def _next(self) -> _Snapshot | None:
        with self._changed:
            while self._waiting is None:
                if self._closed:
                    return None
                self._changed.wait()
            snapshot, self._waiting, self._busy = self._waiting, None, True
            return snapshot

    def _publish(self, publisher: ModelPublisher, snapshot: _Snapshot) -> None:
        again = False
        try:
            document = self._send(publisher, snapshot)
            self._notices.forget("publish")
            if self._published is not None:
                self._published(document)
        except AWAY as error:
            again = True
            self._tell(error)
        except BaseException as error:  # a converter walks through layers of other people's
            self._tell(error)
        with self._changed:
            self._busy = False
            if again and not self._closed:
                if self._waiting is None:
                    self._waiting = snapshot  # a newer one would have been better
                self._changed.wait(_RETRY)  # `close` and newer models wake it
            self._changed.notify_all()

    def _send(self, publisher: ModelPublisher, snapshot: _Snapshot) -> dict[str, Any]:
        from ... import models

        if snapshot.saved is None:
            return publisher.publish(snapshot.folder.name, snapshot.labels, self._public)
        with tempfile.TemporaryDirectory(prefix="marcelle-") as folder:
            models.convert_in_subprocess(snapshot.saved, Path(folder), "tfjs", local_format="keras")
            return publisher.publish(folder, snapshot.labels, self._public)

    def _tell(self, error: BaseException) -> None:
        logger.info("a model was not published as %r", self._name, exc_info=error)
        text = f"The model was not published as {self._name!r}: {sentence(error)} Pages keep the one that they had."
        self._notices.warn("publish", text)

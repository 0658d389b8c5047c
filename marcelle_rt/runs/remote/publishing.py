"""A model that pages follow: one document under a name, whose files are replaced whole.

`tfjsModel.sync(store, name)` in a page takes the newest document of that name and loads it again whenever *that one* is
patched. Two things of the backend (`services/models/models.hooks.js`, 0.6.5) decide how it is replaced:

- A patch with `files` in it makes the backend delete the files that the document has, before it looks at the patch's
  query: also where the patch is a second copy of one that came through, and while pages still read them. So the files
  are set by `$set`, which that hook does not see.
- Files are removed only with a document that owns them. The document keeps those that it had before, for pages that are
  still reading; the ones before these are removed at the next publication.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from ...client.doubt import is_over, may_pass
from ...client.service import Service
from ...errors import FeathersError, InvalidAnswer, InvalidData, MarcelleError, NotFound
from .link import Link, checked_document
from .run_documents import TFJS_MODELS
from .uploads import FileUploads

INTERVAL = 1.0
"""Seconds between two publications: pages whose loads overtake each other end up with an older model."""

_Document = dict[str, Any]


class ModelPublisher:
    """Publishes models under one name, no faster than pages can load them.

    Any thread may publish. Whoever waits while another publishes a newer model is content with that one, so that
    the newest gets there soon, however many come.

    `_newest`, `_settled` and what belongs to them are read and written under `_changed` alone.

    Args:
        link: The way to the backend.
        uploads: What sends files there.
        name: The name that pages follow.
        clock: Tells the time.
        interval: Seconds between two publications.
    """

    def __init__(
        self,
        link: Link,
        uploads: FileUploads,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        interval: float = INTERVAL,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise InvalidData("name", name, "is not a name; use the one that the page gives to sync(store, name)")
        self._link = link
        self._uploads = uploads
        self._name = name
        self._clock = clock
        self._interval = interval
        self._changed = threading.Condition()
        self._newest = 0  # the number of the model that was handed over last
        self._settled = 0  # the number of the newest that is there, or has failed
        self._busy = False
        self._next = -float("inf")
        self._document: _Document = {}
        self._error: BaseException | None = None

    def publish(self, folder: str, labels: Sequence[Any] | None, public: bool) -> _Document:
        """Uploads a model and has pages load it; returns when the backend has it, or a newer one.

        Args:
            folder: Has `model.json` and its weights.
            labels: The classes, in the order of the outputs; `None` keeps those of the model before.
            public: Let users see it who sign in as somebody else.

        Returns:
            The model's document.

        Raises:
            MarcelleError: What the backend or the line raised; pages keep the model that they had.
        """
        with self._changed:
            self._newest += 1
            number = self._newest
            while self._settled < number:
                left = self._next - self._clock()
                if self._busy or self._newest != number:
                    self._changed.wait()
                elif left > 0:
                    self._changed.wait(left)
                else:
                    self._busy = True
                    break
            else:
                if self._error is not None:
                    raise self._error
                return self._document
        document: _Document = {}
        error: BaseException | None = None
        try:
            document = self._replace(folder, labels, public)
        except BaseException as raised:  # also Ctrl-C: those who wait must not wait forever
            error = raised
            raise
        finally:
            with self._changed:
                self._busy, self._settled = False, number
                self._document, self._error = document, error
                self._next = self._clock() + self._interval
                self._changed.notify_all()
        return document

    def _replace(self, folder: str, labels: Sequence[Any] | None, public: bool) -> _Document:
        before = self._followed()  # raises for a name that can't be, before anything is uploaded
        files, model_format = self._uploads.tfjs_files(folder)
        known = (before or {}).get("metadata", {}).get("labels") if labels is None else list(labels)
        kept = {} if known is None else {"labels": known}
        new: _Document = {"files": files, "format": "tfjs", "metadata": {"tfjsModelFormat": model_format, **kept}}
        if public:
            new["public"] = True
        try:
            while True:
                old = self._followed()
                if old is None:
                    return self._create(new)
                try:
                    return self._patch(old, new)
                except NotFound:  # removed, or replaced by somebody else, since it was read
                    continue
        except FeathersError as error:
            if not is_over(error):  # it may come through yet, and then it needs its files
                raise
            there = self._followed()
            if there is not None and there.get("files") == files:
                return there
            self._uploads.discard(TFJS_MODELS, files, "tfjs")
            raise

    @property
    def _models(self) -> Service:
        return self._link.service(TFJS_MODELS)

    def _followed(self) -> _Document | None:
        """The document that pages follow, with a `rev` that can be compared."""
        found = self._models.first({"name": self._name, "$sort": {"updatedAt": -1}}, 1)
        if not found:
            return None
        document = checked_document(found[0], self._link.location)
        if "runId" in document:
            raise InvalidData(
                "name", self._name, "is the name of a run's checkpoint, which must stay as it is; choose another"
            )
        if not _is_rev(document.get("rev")):  # a page made it, or has written over it
            document = self._models.patch(document["_id"], {"rev": _rev(0)})
        return document

    def _create(self, new: _Document) -> _Document:
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"marcelle-model/{self._name}/{new['files'][0][1]}"))
        try:
            created = self._models.create({"_id": identity, "name": self._name, "rev": _rev(1), **new})
        except MarcelleError as error:
            if not may_pass(error):
                raise
            try:
                created = self._models.get(identity)
            except NotFound:
                raise error from None
        return checked_document(created, self._link.location)

    def _patch(self, old: _Document, new: _Document) -> _Document:
        rev = _rev(int(old["rev"]) + 1)
        change = {"$set": {**new, "rev": rev, "replaced": old.get("files") or []}}
        identity = old["_id"]
        try:
            patched = self._models.patch(identity, change, {"query": {"rev": {"$lte": rev}}})
        except MarcelleError as error:
            if not may_pass(error):
                raise
            patched = self._models.get(identity)
            if patched.get("rev") != rev:
                try:
                    patched = self._models.patch(identity, change, {"query": {"rev": {"$lte": rev}}})
                except FeathersError as refused:
                    raise refused if is_over(error) else error from None  # the first may come through yet
        document = checked_document(patched, self._link.location)
        if document.get("files") != new["files"]:
            if document.get("rev") != rev:
                raise NotFound("another publication was faster", call=f"{TFJS_MODELS}.patch")
            raise InvalidAnswer(self._link.location, f"{TFJS_MODELS}.patch", "does not have the files that were set")
        if gone := old.get("replaced"):
            self._uploads.discard(TFJS_MODELS, gone, "tfjs")
        return document


def _rev(number: int) -> str:
    return f"{number:016d}"


def _is_rev(value: object) -> bool:
    return isinstance(value, str) and len(value) == len(_rev(0)) and value.isdecimal()

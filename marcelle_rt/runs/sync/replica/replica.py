"""Brings a backend's copy of a run level with the run; live and offline alike.

Each step is one exchange with the backend, and after an error the same step is simply taken again: the
patches set places (`delta`), creating twice is one run because the run has its `_id` beforehand, and what comes
late is kept out by a fence (`fence.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ....errors import MarcelleError, NotFound
from ...document import events, tail
from ...document.delta import Acknowledged, Patch, compare, next_patch, opening
from ...document.events import Event
from ...document.run import Run
from ...document.shorten import shortened
from ...remote.run_documents import RunDocuments
from ..status import Delivery
from .fence import Fence
from .strangers import CopyDisagrees, is_of_copied_folder, refuse_other_run, written_elsewhere
from .whole_documents import knows_places, whole_document

_REMOVAL_PATIENCE = 1.0  # seconds: a `removed` event may come just after the answer that finds nothing
_FIELDS_SHARE = 0.75  # of a message; the lists go in pieces, but begin in the same one
_DISAGREEMENTS = 5  # in a row, before we say that the backend doesn't keep what it is sent


class Replica:
    """One backend's copy of a run.

    All of it belongs to one thread, but for `removed`.

    Attributes:
        run: The run that the copy is to equal. From here on nobody else folds events into it.
        delivery: How things stand; only `_enter` changes it.
        why: Why nothing more is sent, where that is so.
        copies: How often it was created there, or found.
        name: The run's name on this backend; empty until it is known.
        shortened: The paths of fields that were too large for it.
        replaced: The copy had other values, from another folder, which were overwritten.
    """

    def __init__(
        self,
        run: Run,
        documents: RunDocuments,
        *,
        fresh: bool = False,
        live: bool = False,
        recall: Callable[[], object] = lambda: None,
        folder: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Makes a replica; nothing is sent yet.

        Args:
            run: The run.
            documents: The backend's.
            fresh: The run was made just now, so that it can't be there.
            live: Pages watch it, and are to see it start before its first epoch: a stock plot begins anew at that.
            recall: Makes the run whole again, where it is one that is told to `forget`.
            folder: What tells the run's folder from copies of it; see `journal.place_of`.
            clock: Seconds since 1970.
        """
        self.run = run
        self.delivery: Delivery = Delivery.OPENING
        self.why: str = ""
        self.copies: int = 0
        self.name: str = ""
        self.shortened: set[str] = set()
        self.replaced: bool = False
        self._documents = documents
        self._recall = recall
        self._known = Acknowledged()  # means something while FOLLOWING
        self._fresh = fresh
        self._live = live
        self._started = not live  # whether the copy has said that the run starts
        self._began_here = fresh  # who has other values has them from a copy of its folder
        self._fence = Fence(folder, clock=clock)
        self._places: bool | None = None  # whether the backend knows places, or takes the document as a whole only
        self._level_version = -1
        self._disagreements = 0
        self._removed = threading.Event()

    def _enter(self, delivery: Delivery, why: str = "") -> None:
        self.delivery, self.why = delivery, why

    @property
    def is_open(self) -> bool:
        """Whether the backend is known to have the run."""
        return self.delivery is Delivery.FOLLOWING

    @property
    def is_level(self) -> bool:
        """Whether there is nothing to send: the copy equals the run, or is not to be written any more."""
        return self._level_version == self.run.version or not self.run.id or not self.is_wanted

    @property
    def is_wanted(self) -> bool:
        """Whether the backend is to have the run: nobody removed it there, and nothing forbids to send it."""
        return self.delivery is not Delivery.GONE and self.delivery is not Delivery.CLOSED

    @property
    def has_all(self) -> bool:
        """Whether the copy is known to hold all of the run."""
        return self.is_open and self._level_version == self.run.version and not self.shortened

    def missing(self) -> int:
        """About how many values the copy lacks."""
        if self.is_level:
            return 0
        there = self._known.lengths if self.is_open else {}
        return sum(max(0, len(v) - there.get(path, 0)) for path, v in self.run.lists.items()) or 1

    def apply(self, event: Event) -> None:
        """Folds an event into the run."""
        touched = self.run.apply(event)
        if touched:
            self._known.touch(touched, self.run.version)

    def _whole(self) -> Run:
        self._recall()
        return self.run

    def forget(self) -> None:
        """Lets the run drop what the copy has; where there is to be none any more, all of it."""
        if self.delivery is Delivery.GONE:
            tail.forget_all(self.run)
        elif self.is_open and self._places is not False:
            tail.forget(self.run, self._known.lengths, self._known.stale)

    def removed(self) -> None:
        """Says that the backend told of the run's removal. Any thread may call it."""
        self._removed.set()

    def close(self, why: str) -> None:
        """Says that nothing more can be sent.

        Args:
            why: The reason, as the user is told it.
        """
        if self.delivery is not Delivery.GONE:
            self._enter(Delivery.CLOSED, why)

    def step(self) -> bool:
        """Makes at most one change on the backend.

        Returns:
            Whether there was something to do; the copy is level when not.

        Raises:
            MarcelleError: What the backend or the line raised. Step again later; nothing is lost.
        """
        if self._removed.is_set() and self.delivery is not Delivery.CLOSED:
            self._gone()
        if self.is_level:
            return False
        if self.delivery is Delivery.OPENING:
            self._open()
            return True
        for key, event in self.run.leftovers.items():
            self._documents.remove_file(event)
            self.apply(events.removed(key))
            return True
        patch = self._next()
        if patch is None:
            self._level_version = self.run.version
            return False
        self._send(patch)
        return True

    def level(self) -> None:
        """Steps until the copy is level.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        while self.step():
            pass

    def _gone(self) -> None:
        self._enter(Delivery.GONE, f"it was removed from {self._documents.link.location}")

    def _next(self) -> Patch | None:
        if self._places is False:
            return whole_document(self.run, self._shortened)
        return next_patch(self.run, self._known, self._documents.link.message_limit, self._shortened)

    def _shortened(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        short, replaced = shortened(fields, int(_FIELDS_SHARE * self._documents.link.message_limit))
        self.shortened.update(replaced)
        return short

    def _open(self) -> None:
        self._recall()
        fresh, self._fresh = self._fresh, False
        document = None if fresh else self._documents.read(self.run.id)
        if document is not None:
            self._take_over(document)
            return
        if self.copies and self._documents.was_removed(self.run.id):
            self._gone()
            return
        patch = opening(self.run, self._documents.link.message_limit, self._shortened(self.run.fields))
        self._started = not self._live
        patch = self._as_it_starts(patch)
        document = self._documents.create({**patch.data, **self._fence.first()})
        if not self._fence.is_ours(document):  # it was there: of an earlier attempt of a process that was killed
            self._take_over(document)
            return
        self._fence.passed(document)
        self.name = document.get("name", "")
        self._known = Acknowledged()
        self._known.accept(patch)
        self.copies += 1
        if self._known.fits(document):
            self._enter(Delivery.FOLLOWING)
            self._reached(patch)

    def _take_over(self, document: Mapping[str, Any]) -> None:
        """Goes on from a copy that was read."""
        self._recall()
        location = self._documents.link.location
        refuse_other_run(self.run, document, location)
        self.name = document.get("name", "")
        if is_of_copied_folder(self.run, document, self._fence):
            if (self.is_open or self._began_here) and self._fence.is_of_new_writer(document):
                self._enter(Delivery.CLOSED, written_elsewhere(location))
                return
            self.replaced = True
        if not self._fence.read(document):
            self._fence.passed(self._documents.claim(self.run.id, self._fence.first()))
        self.run.forget_uploads()  # a restored database has lost some of them
        for event in self._documents.uploaded_files(self.run, document):
            self.run.apply(event)
        if document.get("error") and not self.run.fields.get("error"):
            self.run.apply(events.alive())
        self._known = compare(self.run, document)
        self.copies += 1
        self._enter(Delivery.FOLLOWING)

    def _send(self, patch: Patch) -> None:
        if self._places is False:
            self._replace(patch)
            return
        patch = self._as_it_starts(patch)
        marks, fence = self._fence.next()
        try:
            document = self._documents.patch(self.run.id, {**patch.data, **marks}, fence)
        except NotFound:
            self._not_found()
            return
        except MarcelleError:
            self._known.doubt()
            raise
        self._fence.passed(document)
        if self._places is None:
            self._places = knows_places(patch, document)
            if self._places is False:
                return
        is_right = self._known.took(patch, document, self._whole)
        if self._given_up(document):
            self.run.apply(events.alive())
        if is_right:
            self._disagreements = 0
            self._reached(patch)
        else:
            self._enter(Delivery.OPENING)
            self._disagree()

    def _replace(self, patch: Patch) -> None:
        """Sends the document as a whole."""
        try:
            document = self._documents.replace(self.run.id, {**patch.data, **self._fence.first()})
        except NotFound:
            self._not_found()
            return
        self._known = Acknowledged()
        self._known.accept(patch)
        if self._known.fits(document):
            self._disagreements = 0
            self._level_version = patch.version
        else:
            self._enter(Delivery.OPENING)
            self._disagree()

    def _as_it_starts(self, patch: Patch) -> Patch:
        """A patch, without a status that would hide from pages that the run starts."""
        status = "epoch" if self.run.fields["status"] == "epoch" else patch.data.get("status", "idle")
        if self._started or not self.run.epochs or status in ("idle", "start"):
            return patch
        self._known.fields.pop("status", None)
        return patch.starting()

    def _reached(self, patch: Patch) -> None:
        """Notes that the copy took a patch as it was sent."""
        self._started = self._started or patch.data.get("status") == "start"
        if patch.is_last and not self.run.leftovers:
            self._level_version = patch.version

    def _given_up(self, document: Mapping[str, Any]) -> bool:
        """Whether somebody ended the copy as an `error` who thought that nobody writes it any more."""
        is_sent = self._known.fields.get("status", -1) >= self.run.changed["status"]
        return is_sent and document.get("status") == "error" != self.run.fields["status"]

    def _not_found(self) -> None:
        document = self._documents.read(self.run.id)
        if document is not None:  # fenced: something newer than this patch is there
            self._take_over(document)
            self._disagree()
        elif self._documents.was_removed(self.run.id) or self._removed.wait(_REMOVAL_PATIENCE):
            self._gone()
        else:  # nobody removed it, so the database was emptied, of models and assets too
            self._enter(Delivery.OPENING)
            self.run.forget_uploads()
            for event in self._documents.uploaded_files(self.run, {}):
                self.run.apply(event)

    def _disagree(self) -> None:
        self._disagreements += 1
        if self._disagreements >= _DISAGREEMENTS:
            self._disagreements = 0
            raise CopyDisagrees(self._documents.link.location, self.run.id)

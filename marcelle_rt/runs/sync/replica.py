"""Brings a backend's copy of a run level with the run; live and offline alike.

Each step is one exchange with the backend, and after an error the same step is simply taken again: the
patches set places (`delta`), creating twice is one run because the run has its `_id` beforehand, and a late
copy of an old message is kept out by a fence. The fence: every write sets `rev`, a number that only grows,
and is done only where the copy's `rev` is not greater.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import MarcelleError, NotFound
from ..document import events, tail
from ..document.delta import Acknowledged, Patch, compare, next_patch, opening
from ..document.events import Event
from ..document.run import Run
from ..document.shorten import shortened
from ..remote.run_documents import RunDocuments

_REMOVAL_PATIENCE = 1.0  # seconds: a `removed` event may come just after the answer that finds nothing
_FIELDS_SHARE = 0.75  # of a message; the lists go in pieces, but begin in the same one
_DISAGREEMENTS = 5  # in a row, before we say that the backend doesn't keep what it is sent


class CopyDisagrees(MarcelleError):
    """A backend's copy keeps changing under our hands.

    Attributes:
        location: The backend.
        run_id: The run's `_id`.
    """

    def __init__(self, location: str, run_id: str) -> None:
        self.location = location
        self.run_id = run_id
        super().__init__(
            f"The run {run_id} at {location} does not keep what it is sent; is another program writing it?"
        )


class Replica:
    """One backend's copy of a run.

    Attributes:
        run: The run that the copy is to equal. Only `apply` may change it.
        gone: The run was removed by a person; it stays so.
        copies: How often it was created there, or found.
        name: The run's name on this backend; empty until it is known.
        shortened: The paths of fields that were too large for it.
    """

    def __init__(
        self,
        run: Run,
        documents: RunDocuments,
        *,
        fresh: bool = False,
        past: Callable[[], Run] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Makes a replica; nothing is sent yet.

        Args:
            run: The run.
            documents: The backend's.
            fresh: The run was made just now, so that it can't be there.
            past: Makes the run of its journal again, for a run that is told to `forget`.
            clock: Seconds since 1970.
        """
        self.run = run
        self.gone = False
        self.copies = 0
        self.name = ""
        self.shortened: set[str] = set()
        self._documents = documents
        self._past = past
        self._clock = clock
        self._known: Acknowledged | None = None
        self._fresh = fresh
        self._rev = 0
        self._whole = False  # the backend has no places: it takes the document as a whole only
        self._level_version = -1
        self._disagreements = 0
        self._removed = threading.Event()

    @property
    def is_level(self) -> bool:
        """Whether the copy is known to equal the run, or need not."""
        return self.gone or not self.run.id or self._level_version == self.run.version

    @property
    def is_there(self) -> bool:
        """Whether the backend is known to have the run."""
        return self._known is not None and not self.gone

    def missing(self) -> int:
        """About how many values the copy lacks."""
        if self.is_level:
            return 0
        there = self._known.lengths if self._known is not None else {}
        return sum(max(0, len(v) - there.get(path, 0)) for path, v in self.run.lists.items()) or 1

    def apply(self, event: Event) -> None:
        """Folds an event into the run."""
        touched = self.run.apply(event)
        if self._known is not None:
            self._known.touch(touched, self.run.version)

    def recall(self) -> None:
        """Makes the run whole again."""
        if self._past is not None and not tail.is_whole(self.run):
            tail.recall(self.run, self._past())

    def forget(self) -> None:
        """Lets the run drop what the copy has; where there is to be none any more, all of it."""
        if self.gone:
            tail.forget(self.run, {path: len(values) for path, values in self.run.lists.items()}, ())
        elif self._known is not None and not self._whole:
            tail.forget(self.run, self._known.lengths, self._known.stale)

    def removed(self) -> None:
        """Says that the backend told of the run's removal. Any thread may call it."""
        self._removed.set()

    def step(self) -> bool:
        """Makes at most one change on the backend.

        Returns:
            Whether there was something to do; the copy is level when not.

        Raises:
            MarcelleError: What the backend or the line raised. Step again later; nothing is lost.
        """
        if self._removed.is_set():
            self.gone = True
        if self.is_level:
            return False
        if self._known is None:
            self._open()
            return True
        for key, event in self.run.leftovers.items():
            self._documents.remove_file(event)
            self.apply(events.removed(key))
            return True
        patch = self._next(self._known)
        if patch is None:
            self._level_version = self.run.version
            return False
        self._send(patch, self._known)
        return True

    def level(self) -> None:
        """Steps until the copy is level.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        while self.step():
            pass

    def _next(self, known: Acknowledged) -> Patch | None:
        if not self._whole:
            return next_patch(self.run, known, self._documents.link.message_limit, self._fields())
        patch = opening(self.run, self._documents.link.message_limit, self._fields())
        if len(patch.fields) < len(self.run.fields):
            # Too large for one message, and this backend takes nothing else: the service refuses it, named.
            patch = opening(self.run, 1 << 62, self._fields())
        return patch

    def _fields(self) -> dict[str, Any]:
        fields, replaced = shortened(self.run.fields, int(_FIELDS_SHARE * self._documents.link.message_limit))
        self.shortened.update(replaced)
        return fields

    def _open(self) -> None:
        self.recall()
        fresh, self._fresh = self._fresh, False
        document = None if fresh else self._documents.read(self.run.id)
        if document is not None:
            self._take_over(document)
            return
        if self.copies and self._documents.was_removed(self.run.id):
            self.gone = True
            return
        patch = opening(self.run, self._documents.link.message_limit, self._fields())
        self._rev = self._next_rev()
        document = self._documents.create({**patch.data, "rev": rev_text(self._rev)})
        self.name = document.get("name", "")
        known = Acknowledged()
        known.accept(patch)
        self._known = known if known.fits(document) else None
        self.copies += 1

    def _take_over(self, document: Mapping[str, Any]) -> None:
        """Goes on from a copy that was read."""
        self.recall()
        self.name = document.get("name", "")
        if "rev" not in document:  # by the client of 2021: the fence finds only what has one
            self._documents.mark(self.run.id, rev_text(0))
        self._rev = max(self._rev, rev_number(document.get("rev")))
        self.run.forget_uploads()  # a restored database has lost some of them
        for event in self._documents.uploaded_files(self.run, document):
            self.run.apply(event)
        if document.get("error") and not self.run.fields.get("error"):
            self.run.apply(events.alive())
        self._known = compare(self.run, document)
        self.copies += 1

    def _send(self, patch: Patch, known: Acknowledged) -> None:
        self._rev = self._next_rev()
        rev = rev_text(self._rev)
        try:
            if self._whole:
                document = self._documents.replace(self.run.id, {**patch.data, "rev": rev})
            else:
                document = self._documents.patch(self.run.id, {**patch.data, "rev": rev}, rev)
        except NotFound:
            self._not_found()
            return
        if not self._whole and any("." in key and key in document for key in patch.data):
            self._whole = True
            return
        kept = True
        if self._whole:
            known = self._known = compare(self.run, document)
        else:
            kept = known.kept(document, patch)
            known.accept(patch)
            if self._given_up(known, document):
                self.run.apply(events.alive())
        if kept and known.fits(document):
            self._disagreements = 0
            if self._whole:
                self._level_version = patch.version
        else:
            self._known = None
            self._disagree()

    def _given_up(self, known: Acknowledged, document: Mapping[str, Any]) -> bool:
        """Whether somebody ended the copy as an `error` who thought that nobody writes it any more."""
        is_sent = known.fields.get("status", -1) >= self.run.changed["status"]
        return is_sent and document.get("status") == "error" != self.run.fields["status"]

    def _not_found(self) -> None:
        document = self._documents.read(self.run.id)
        if document is not None:  # fenced: something newer than this patch is there
            self._take_over(document)
            self._disagree()
        elif self._documents.was_removed(self.run.id) or self._removed.wait(_REMOVAL_PATIENCE):
            self.gone = True
        else:  # nobody removed it, so the database was emptied, of models and assets too
            self._known = None
            self.run.forget_uploads()
            for event in self._documents.uploaded_files(self.run, {}):
                self.run.apply(event)

    def _disagree(self) -> None:
        self._disagreements += 1
        if self._disagreements >= _DISAGREEMENTS:
            self._disagreements = 0
            raise CopyDisagrees(self._documents.link.location, self.run.id)

    def _next_rev(self) -> int:
        # The clock lets a new process start above everything that an old one may still have on the line.
        return max(self._rev + 1, int(self._clock() * 1000))


def rev_text(rev: int) -> str:
    """`rev` as documents hold it: strings of one length compare as numbers do, over the socket and REST."""
    return f"{rev:016d}"


def rev_number(text: Any) -> int:
    """The number in a document's `rev`; 0 where there is none."""
    return int(text) if isinstance(text, str) and text.isdigit() else 0

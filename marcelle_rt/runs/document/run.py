"""A run as a fold of its journal's events (`events.py`). Pure: no I/O, no clock, no thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...values import iso_at
from .entries import local_entry
from .events import FILES, Event, uploaded
from .numbering import Numbering

Place = tuple[str, int]
"""A place in one of the document's lists: the list's dotted path, and the index in it."""

ENDED = ("success", "error")

_OF_AN_END = ("error", "end", "outcome", "reason")
"""What a run that is trained further has no longer."""

UNREPORTED = "the program stopped without reporting an end"
"""The `error` of a run that nobody writes any more and that has no end."""


class Run:
    """The document that a sequence of events makes, and what each event changed.

    Attributes:
        id: The run's `_id`; empty before the `create` event.
        version: Counts the events of the run itself.
        fields: Everything in the document that is not a list.
        changed: For each field the version that changed it last.
        lists: The document's lists by their path: `logs.<metric>`, `checkpoints`, `assets`.
        epochs: The epoch number at each place.
        files: The events of checkpoints and assets by their key, in order.
        dropped: Those that the run has no longer, because it was resumed before them.
        is_whole: Whether it holds all values; see `tail`.
        leftovers: The `uploaded` events of dropped files that the backend still has, by their key.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.id: str = ""
        self.version: int = 0
        self.fields: dict[str, Any] = {}
        self.changed: dict[str, int] = {}
        self.lists: dict[str, list[Any]] = {name: [] for name in FILES.values()}
        self.epochs: list[int] = []
        self.files: dict[str, Event] = {}
        self.dropped: dict[str, Event] = {}
        self.leftovers: dict[str, Event] = {}
        self.is_whole = True
        self._numbering = Numbering()
        self._uploaded: dict[str, Place] = {}
        self._saved_at: dict[str, int] = {}  # for each file how many epochs there were
        for event in events:
            self.apply(event)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Run:
        """A run that has just this document, for those who have no journal."""
        run = cls()
        run.version = 1
        run.id = document["_id"]
        for name, value in document.items():
            if name == "logs":
                run.lists.update({f"logs.{metric}": list(values) for metric, values in value.items()})
            elif name in FILES.values():
                run.lists[name] = list(value)
            elif name != "_id":
                run.fields[name], run.changed[name] = value, 1
        return run

    def apply(self, event: Event) -> list[Place]:
        """Folds one event in.

        Args:
            event: The event. One of an unknown type counts, and changes nothing.

        Returns:
            The places that had a value already and may have another now.
        """
        kind = event["type"]
        if kind == "epoch":  # nearly all are
            self.version += 1
            return self._epoch(event)
        if kind == "document":  # beside the run: copies of the run itself are none the older for it
            return []
        self.version += 1
        if kind == "create":
            self.id = event["_id"]
            self._set(status="idle", epoch=0, epochs=0, **event["run"])
        elif kind == "identity":
            self.id = event["_id"]
            self._set(origin=event["origin"], **({"name": event["name"]} if event.get("name") else {}))
        elif kind == "model":
            self._set(model=event["model"])
        elif kind == "extra":
            self._set(**event["fields"])
        elif kind == "params":
            self._set(params={**self.fields.get("params", {}), **event["params"]})
        elif kind == "begin":
            self._open_again(_OF_AN_END)
            self._set(status="start", epochs=event["epochs"])
        elif kind == "summary":
            self._set(summary={**(self.fields.get("summary") or {}), **event["logs"]})
        elif kind == "end":
            told = {name: event.get(name) for name in ("error", "outcome", "reason")}
            told["end"] = iso_at(event.get("time"))
            told = {
                name: value for name, value in told.items() if value or name in self.fields
            }  # one that ended before
            self._set(status=event["status"], **told)
        elif kind == "alive":
            self._set(error=self.fields.get("error"), end=self.fields.get("end"))
            self.changed["error"] = self.changed["end"] = self.changed["status"] = self.version
        elif kind == "resume":
            return self._resume(event["keep"], event.get("drop", ()))
        elif kind == "drop":
            return [place for key in event["keys"] for place in self._drop(key)]
        elif kind in FILES:
            self.files[event["key"]] = event
            self._saved_at[event["key"]] = len(self.epochs)
        elif kind == "uploaded":
            return self._upload(event)
        elif kind == "removed":
            self.leftovers.pop(event["key"], None)
        return []

    def _set(self, **fields: Any) -> None:
        had = self.fields
        for name, value in fields.items():
            if name not in had or had[name] != value:
                had[name] = value
                self.changed[name] = self.version

    def _open_again(self, names: Iterable[str]) -> None:
        self._set(**{name: None for name in names if name in self.fields})

    def _epoch(self, event: Event) -> list[Place]:
        place, logs = event["place"], event["logs"]
        self._set(status="epoch", epoch=event["epoch"])
        if place == len(self.epochs):
            self._add(event["epoch"], logs)
            return []
        new = place > len(self.epochs)
        while place >= len(self.epochs):  # more than once only where lines of the journal were lost
            self._number(event["epoch"])
        for metric in logs:
            path = f"logs.{metric}"
            if path not in self.lists:
                self.lists[path] = [None] * (len(self.epochs) - 1 if new else len(self.epochs))
        if new:
            for path, values in self.lists.items():
                if path.startswith("logs."):
                    values.extend([None] * (len(self.epochs) - len(values)))
        touched = []
        for metric, value in logs.items():
            path = f"logs.{metric}"
            self.lists[path][place] = value
            if not new:
                touched.append((path, place))
        return touched

    def _add(self, epoch: int, logs: Mapping[str, Any]) -> None:
        place = len(self.epochs)
        self._number(epoch)
        lists = self.lists
        for metric, value in logs.items():
            values = lists.get(path := f"logs.{metric}")
            if values is None:
                values = lists[path] = [None] * place
            values.append(value)
        if len(logs) < len(lists) - len(FILES):
            for path, values in lists.items():
                if path.startswith("logs.") and path[5:] not in logs:
                    values.append(None)

    def _number(self, epoch: int) -> None:
        self.epochs.append(epoch)
        turns = self._numbering.turns
        self._numbering.add(epoch)
        if self._numbering.turns != turns:
            self._tell_numbers()

    def _tell_numbers(self) -> None:
        told = self._numbering.stretches()
        if told is not None or "epoch_numbers" in self.fields:
            self._set(epoch_numbers=told)

    def _resume(self, keep: int, drop: Iterable[str]) -> list[Place]:
        del self.epochs[keep:]
        self._numbering.cut(keep)
        self._tell_numbers()
        dropped = []
        for path, values in self.lists.items():
            if path.startswith("logs."):
                dropped += [(path, place) for place in range(keep, len(values))]
                del values[keep:]
        self._open_again((*_OF_AN_END, "summary"))
        for key in drop:
            dropped += self._drop(key)
        self._set(status="start", epoch=self.epochs[-1] if self.epochs else 0)
        return dropped

    def _drop(self, key: str) -> list[Place]:
        if key not in self.files:
            return []
        self.dropped[key] = self.files.pop(key)
        if key not in self._uploaded:
            return []
        path, index = self._uploaded.pop(key)
        values = self.lists[path]
        self.leftovers[key] = uploaded(path, key, values.pop(index))
        for other, (its_path, its_index) in self._uploaded.items():
            if its_path == path and its_index > index:
                self._uploaded[other] = (path, its_index - 1)
        return [(path, place) for place in range(index, len(values) + 1)]

    def _upload(self, event: Event) -> list[Place]:
        if event["key"] in self.dropped:
            self.leftovers[event["key"]] = event
            return []
        known = self._uploaded.get(event["key"])
        if known is not None:
            path, index = known
            self.lists[path][index] = event["entry"]
            return [known]
        values = self.lists[event["list"]]
        self._uploaded[event["key"]] = (event["list"], len(values))
        values.append(event["entry"])
        return []

    def forget_uploads(self) -> None:
        """Takes back every `uploaded`: the backend has lost what it had."""
        self.version += 1
        self._uploaded.clear()
        self.leftovers.clear()
        for name in FILES.values():
            self.lists[name] = []

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.fields.get("status") in ENDED

    def files_from(self, epoch: float, keep: int) -> list[str]:
        """The keys of the files that belong to an epoch or to a later one.

        Args:
            epoch: The epoch's number, whole or not.
            keep: How many epochs there are before it. A checkpoint of no epoch (`"final"`) counts as one of the
                epoch that it came after, and so does a file of any epoch of the number that `epoch` is a fraction of.
        """
        whole = int(epoch)
        return [
            key
            for key, event in self.files.items()
            if (
                event["epoch"] >= epoch
                if isinstance(event["epoch"], int) and not event["epoch"] == whole != epoch
                else self._saved_at[key] > keep
            )
        ]

    def waiting(self) -> list[Event]:
        """The files that are not known to be uploaded, in order."""
        return [event for key, event in self.files.items() if key not in self._uploaded]

    def is_uploaded(self, key: str) -> bool:
        """Whether the file of that key is known to be on the backend."""
        return key in self._uploaded

    def logs(self) -> dict[str, list[Any]]:
        """The metrics' lists by their names. The lists are the run's own: read, don't change."""
        return {path[5:]: values for path, values in self.lists.items() if path.startswith("logs.")}

    def document(self) -> dict[str, Any]:
        """The run as `run_data.json` holds it: its own lists, and its files as they lie on this disk."""
        return {
            "_id": self.id,
            **self.fields,
            "logs": self.logs(),
            "checkpoints": [self._local(e) for e in self.files.values() if e["type"] == "checkpoint"],
            "assets": [self._local(e) for e in self.files.values() if e["type"] == "asset"],
        }

    def _local(self, event: Event) -> dict[str, Any]:
        if uploaded := self._uploaded.get(event["key"]):
            return dict(self.lists[uploaded[0]][uploaded[1]])
        return local_entry(event)

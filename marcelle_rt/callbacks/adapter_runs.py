"""AdapterRuns: the runs of one adapter, as a framework's hooks tell of them."""

from __future__ import annotations

import difflib
import inspect
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InvalidData, RunFolderError
from ..runs.training import exits
from ..runs.training.params import fields_of
from ..runs.writer import Writer
from .first_epoch import FirstEpoch, Pieces
from .names import for_dashboards

INTERRUPTED = "the training was interrupted"
"""Why a run has failed of whose end no hook has told."""

X = ("epoch", "step")
"""What the places of a run may stand for."""


class AdapterRuns:
    """The Writer of an adapter, and the run that a training has.

    A copy (`copy.deepcopy`, `pickle`) is one of the same arguments, without a run.

    Attributes:
        writer: The Writer.
        run_params: What was given to remember.
        is_training: A training has begun, and not ended.
        thread: The number of the thread that the last training began in.
        offset: What is added to the framework's epochs: a second training into one run goes on after the first.
    """

    def __init__(
        self,
        name: str,
        source: str,
        owner: type,
        /,
        run_params: Mapping[str, Any] | None = None,
        writer: Writer | None = None,
        resume: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> None:
        """Prepares it; nothing is written before `begin`.

        Args:
            name: The base name for the runs.
            source: The framework's name.
            owner: The adapter's class, whose arguments they are.
            run_params: Parameters of the runs.
            writer: A Writer of the user's. A run that it has open is used, and left open at the end.
            resume: The folder of a run that the first training goes on with.
            options: As `Writer` takes them.

        Raises:
            InvalidData: For what is not a Writer, an argument that neither the adapter nor `Writer` takes, and as
                `Writer`.
            RunFolderError: When `resume` names no run, or one that is being written.
        """
        _check_options(owner, options)
        check_writer(writer, name)
        self._options = {"source": source, **options}
        self.writer: Writer
        if writer is not None:
            self.writer = writer
        elif resume is not None:
            self.writer = self._reopened(resume)
        else:
            self.writer = Writer(name, **self._options)
        self.run_params = run_params
        self.offset: int = 0
        self._given = writer is not None
        self._resumed = resume is not None
        self._mine = False
        self._first: FirstEpoch | None = None
        self.is_training: bool = False
        self.thread: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        fresh = {"offset": 0, "is_training": False, "_resumed": False, "_mine": False, "_first": None}
        return {**self.__dict__, **fresh}

    @property
    def is_mine(self) -> bool:
        """Whether a run is open that this began, and has to end."""
        return self._mine and self.writer.is_open

    def go_on(self, run: str) -> None:
        """Goes on with the run of a checkpoint, if it is here and nobody has said which run shall go on.

        Args:
            run: The run's folder, or its `_id` in the folder of runs.
        """
        if self._given or self._resumed:
            return
        self._end_interrupted()
        try:
            self.writer = self._reopened(run)
            self._resumed = True
        except RunFolderError as error:
            self.writer.notices.warn("go on", f"The checkpoint's run can't go on, and a new one is created: {error}")

    def summarize(self, logs: Mapping[str, Any], folder: str | None = None) -> None:
        """Keeps values of a whole run, which stays ended if it has ended.

        Args:
            logs: The values.
            folder: The run's folder, where a checkpoint that was loaded tells of one. If `None`, or if it isn't here,
                the newest run is meant; where there is none either, nothing is kept.
        """
        newest = self.writer.run_directory
        is_other = folder is not None and (newest is None or Path(folder) != newest) and Path(folder).is_dir()
        if folder is not None and is_other and not self._given and not self.writer.is_open:
            self.writer.amend(folder, logs)
        elif self.writer.run_id is not None:
            self.writer.update_summary(logs)

    def _reopened(self, folder: str | os.PathLike[str]) -> Writer:
        return Writer.resume(folder, **self._options)

    def _end_interrupted(self) -> None:
        """Ends the run of a training before, of whose end no hook has told."""
        if self.is_mine and not self._resumed:
            self.writer.end("error", INTERRUPTED)

    def begin(self, model: Any, params: Mapping[str, Any], epochs: int, first: int = 1, x: str = "epoch") -> None:
        """A training begins.

        Args:
            model: What is trained.
            params: What the framework tells of the training.
            epochs: How many epochs are planned, in all; 0 if that is not known.
            first: The number of the first one.
            x: What an epoch is here; one of `X`.
        """
        self._end_interrupted()
        self.is_training = True
        self.thread = threading.get_ident()
        self._mine = self._resumed or not self.writer.is_open
        if self._resumed or not self._mine:
            if self.writer.model is None:
                self.writer.use_model(model)
        else:
            self.writer.create_run(model, {**params, **fields_of(self.run_params)})
            self._first = FirstEpoch()
        self._resumed = False
        self.offset = self.writer.begin_at(first, x)
        if epochs or self._mine or not self.writer.planned_epochs:  # what its user has planned is told better
            self.writer.train_begin(epochs + self.offset if epochs else 0)

    def save(self, epoch: int, logs: Mapping[str, Any], more: bool = False) -> None:
        """Saves an epoch, or a piece of one, under the names that dashboards know.

        Args:
            epoch: The framework's number of it.
            logs: What was logged.
            more: Another piece of it is expected.
        """
        named = for_dashboards(logs, self.writer.settings.rename)
        if not named:
            return
        self._save_all([(epoch, named)] if self._first is None else self._first.ready(epoch, named, more))

    def _save_all(self, pieces: Pieces) -> None:
        for epoch, logs in pieces:
            if logs:
                self.writer.save_epoch(epoch + self.offset, logs, merge=True)

    def end(self, status: str = "success", reason: str | None = None) -> None:
        """The training ended."""
        if self._first is not None and self.writer.is_open:
            self._save_all(self._first.rest())
        self._first = None
        if self.is_mine:
            self.writer.end(status, reason)
        self._mine = self.is_training = False

    def fail(self, error: BaseException | None) -> None:
        """The training ended by an exception."""
        self.end(*exits.outcome(error)) if error is not None else self.end("error", "the training failed")


def _check_options(owner: type, options: Mapping[str, Any]) -> None:
    """Looks whether there are such arguments.

    Raises:
        InvalidData: There are not.
    """
    own = {*inspect.signature(AdapterRuns).parameters, *inspect.signature(owner).parameters} - {"owner", "options"}
    known = own | inspect.signature(Writer).parameters.keys()
    for name, value in options.items():
        if name not in known:
            similar = difflib.get_close_matches(name, sorted(known), 3, cutoff=0.5)
            hint = f"similar: {', '.join(similar)}" if similar else f"there are {', '.join(sorted(known))}"
            raise InvalidData(name, value, f"is not an argument of {owner.__name__}; {hint}")


def check_writer(writer: Any, name: str) -> None:
    """Looks whether what somebody gave for a Writer is one, or `None`.

    Raises:
        InvalidData: It is something else.
    """
    if writer is not None and not isinstance(writer, Writer):
        raise InvalidData("writer", writer, f"is not a Writer; give for example Writer({name!r})")


def checked_x(x: str) -> str:
    """What the places of a run stand for.

    Raises:
        InvalidData: For what is not one of `X`.
    """
    if x not in X:
        raise InvalidData("x", x, "is not known; use 'epoch' or 'step'")
    return x

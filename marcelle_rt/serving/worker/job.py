"""`Job`: what a task's function is given."""

from __future__ import annotations

import math
import threading
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...config import FINISH_TIMEOUT
from ...datasets.dataset import Dataset
from ...errors import InvalidData
from ...notices import Notices
from ...runs.remote.destination import Destination
from ...runs.remote.model_feed import ModelFeed
from ...runs.remote.remote import Remote
from ...runs.training.exits import short
from ...runs.writer import Writer
from ..definition import Definition
from ..documents import JobState
from .report import Report

if TYPE_CHECKING:
    from ...callbacks.keras import KerasCallback


class _Remarks(Notices):
    """Keeps what was said last.

    Attributes:
        last: The sentence; empty before the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.last: str = ""

    def warn(self, key: Hashable, text: str) -> None:
        """Warns as the others do, and keeps it."""
        self.last = short(text)
        super().warn(key, text)


class Job:
    """One attempt of a job, as the task's function has it.

    Attributes:
        id: The job's `_id`.
        task: The task's name.
        params: The parameters, by name; the function gets them too.
        attempt: 1, or more where a worker was lost before.
        cancelled: The job is to end, and not as a success.
        notices: What could not be done as asked, for the server's terminal and the job's document.
    """

    def __init__(
        self, definition: Definition, remote: Remote, document: dict[str, Any], params: dict[str, Any], report: Report
    ) -> None:
        self.id: str = document["_id"]
        self.task: str = document["task"]
        self.params = params
        self.attempt: int = document["attempt"]
        self._definition = definition
        self._remote = remote
        self._dataset: str | None = document.get("dataset")
        self._report = report
        self.notices: _Remarks = _Remarks()
        self._stop = threading.Event()
        self.cancelled: bool = False

    def __repr__(self) -> str:
        return f"Job({self.task!r}, id={self.id!r}, attempt={self.attempt})"

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that the page named.

        Raises:
            InvalidData: It named none.
        """
        if self._dataset is None:
            raise InvalidData("dataset", None, f"was not named; the task {self.task!r} needs one")
        return Dataset(self._definition.store, self._dataset)

    @property
    def stopped(self) -> bool:
        """Whether the training is asked to stop. Then return soon, with what was learned."""
        if "_writer" in self.__dict__ and self._writer.stopped:  # a command to the run, and not to the job
            self.request_stop()
        return self._stop.is_set()

    @cached_property
    def writer(self) -> Writer:
        """The `Writer` of the job's run, which is created at its first use and ends with the job."""
        writer = self._writer
        if not writer.is_open:
            self.begin_run()
        return writer

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self.task, remote=self._remote)

    def begin_run(self, model: Any = None) -> None:
        """Creates the job's run, with the job's parameters.

        Args:
            model: The Keras model that is trained, if there is one.
        """
        again = {} if self.attempt == 1 else {"attempt": self.attempt}
        self._writer.create_run(model, {**self.params, **again})
        self._report.say(runId=self._writer.run_id)

    def callback(self, **options: Any) -> KerasCallback:
        """A `KerasCallback` of the job's run; several trainings of one job are one run.

        Args:
            **options: As `KerasCallback` takes them, for example `model_checkpoint_freq`, or `steerable` with
                functions for what people may set.
        """
        from .keras_callback import JobCallback

        return JobCallback(self._writer, self.begin_run, lambda: self.stopped, **options)

    def progress(self, fraction: float | None, text: str = "") -> None:
        """Shows how far the job is. Waits for nothing, and can be called as often as one likes.

        Args:
            fraction: From 0 to 1; `None` where that is not known.
            text: For people.
        """
        known = isinstance(fraction, (int, float)) and math.isfinite(fraction)
        bounded = min(1.0, max(0.0, float(fraction))) if known and fraction is not None else None
        self._report.say(progress={"fraction": bounded, "text": str(text)[:1000]})

    def publish(self, model: Any, labels: Sequence[Any] | None = None) -> None:
        """Makes a model the task's current one, for pages and for predictions, soon; of what comes fast the newest.

        Args:
            model: A Keras model.
            labels: The classes, in the order of its outputs.
        """
        self._feed.offer(model, labels)

    @cached_property
    def _feed(self) -> ModelFeed:
        link = self._remote.link
        destination = Destination(link.location, lambda: link, owns_link=False)
        return ModelFeed(
            destination,
            self.task,
            self.notices,
            public=self._definition.public,
            published=lambda document: self._report.say(modelId=document["_id"]),
        )

    @property
    def run_id(self) -> str | None:
        """The `_id` of the job's run, or `None` before it is created."""
        return self._writer.run_id if "_writer" in self.__dict__ else None

    def request_stop(self) -> None:
        """Asks the function to stop, with what was learned; any thread may call it."""
        if not self._stop.is_set():
            self._stop.set()
            self._report.say(state=JobState.STOPPING.value)

    def cancel(self) -> None:
        """Asks the function to end; what it does then counts no more. Any thread may call it."""
        self.cancelled = True
        self.request_stop()

    def give_up(self) -> None:
        """The job is another's: the function is to stop, and nobody is told."""
        self._stop.set()

    def close(self, error: str | None) -> None:
        """Waits until the last model is published, and ends the run, if there is one.

        Args:
            error: Why it failed, or `None`.
        """
        if "_feed" in self.__dict__:
            self._feed.close(FINISH_TIMEOUT)
        if "_writer" in self.__dict__:
            self._writer.end("success" if error is None else "error", error)

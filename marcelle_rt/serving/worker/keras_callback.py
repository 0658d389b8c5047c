"""The `KerasCallback` of a job: its run begins with the first `fit`, and ends with the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...callbacks.keras import KerasCallback
from ...runs.writer import Writer


class JobCallback(KerasCallback):
    """Records a job's `fit`s in the job's run.

    Args:
        writer: The writer of its run.
        begin_run: Creates the run, of a model.
        is_job_stopped: Whether the job is to stop.
        **options: As for `KerasCallback`.
    """

    def __init__(
        self, writer: Writer, begin_run: Callable[[Any], None], is_job_stopped: Callable[[], bool], **options: Any
    ) -> None:
        super().__init__(writer.name, writer=writer, **{"steerable": True, **options})
        self._begin_run = begin_run
        self._is_job_stopped = is_job_stopped

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Creates the job's run, unless there is one."""
        if not self.writer.is_open:
            self._begin_run(self.model)
        super().on_train_begin(logs)

    def is_stopped(self) -> bool:
        """Whether the run or its job is to stop."""
        return self._is_job_stopped()

"""What somebody else has to do with a copy: another run, another folder of the same run, another program. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import MarcelleError
from ...document.delta import compare
from ...document.run import Run
from .fence import Fence


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


class OtherRun(MarcelleError):
    """A backend has another run under this run's `_id`.

    Attributes:
        location: The backend.
        run_id: The `_id` of both.
    """

    def __init__(self, location: str, run_id: str, start: Any) -> None:
        self.location = location
        self.run_id = run_id
        super().__init__(
            f"{location} has another run under the _id {run_id} (it started at {start}), so this one is not sent "
            "there: a folder that says so was changed by hand, or is somebody else's"
        )


def refuse_other_run(run: Run, document: Mapping[str, Any], location: str) -> None:
    """Refuses a document that can't be a copy of a run: no run changes when it started.

    Args:
        run: The run.
        document: What was read under its `_id`.
        location: The backend.

    Raises:
        OtherRun: It is another run's.
    """
    start = document.get("start")
    if isinstance(start, str) and start != run.fields.get("start", start):
        raise OtherRun(location, run.id, start)


def is_of_copied_folder(run: Run, document: Mapping[str, Any], fence: Fence) -> bool:
    """Whether a copy has values from another folder of the same run that this one has not: one of them was copied.

    Args:
        run: The run, whole.
        document: The copy, as it was read.
        fence: That of the run's folder.
    """
    return fence.is_of_other_folder(document) and compare(run, document).contradicts(document)


def written_elsewhere(location: str) -> str:
    """Why nothing more is sent where another program writes the copy, in words.

    Args:
        location: The backend.
    """
    return (
        f"another program writes other values to its copy at {location}, from another folder; was the run's folder "
        "copied?"
    )

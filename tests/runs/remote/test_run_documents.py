"""Which of a run's files a backend has, and in which order they are listed."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.errors import InvalidAnswer
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.run_documents import RunDocuments
from tests.runs.sync.memory_link import MemoryLink

RUN = {"basename": "b", "start": "2026-11-24T09:30:00.000Z", "source": "keras"}


def test_files_that_no_document_lists_yet_come_as_they_were_saved_whatever_the_databases_order() -> None:
    saved = [events.checkpoint(float(n), n, f"{n}.h5", "h5", key=f"key-{n}") for n in (2, 4, 6, 8)]
    run = Run([events.create(1.0, "a-run", RUN), *saved])
    link = MemoryLink()
    for n in (8, 2, 6, 4):
        fields = {"runId": "a-run", "key": f"key-{n}", "name": "b", "metadata": {"epoch": n}}
        link.service("tfjs-models").create({"_id": f"id-{n}", **fields})

    listed = {"checkpoints": [{"id": "id-6", "service": "tfjs-models", "metadata": {"epoch": 6}}]}
    documents = RunDocuments(link)
    assert [e["key"] for e in documents.uploaded_files(run, {})] == ["key-2", "key-4", "key-6", "key-8"]
    assert [e["key"] for e in documents.uploaded_files(run, listed)] == ["key-6", "key-2", "key-4", "key-8"]

    # A copy that lists one twice is healed; what else is listed there is somebody else's, if it is anywhere.
    twice = {"checkpoints": [*listed["checkpoints"] * 2, {"id": "nowhere"}, {"id": ["odd"]}, {}]}
    assert [e["key"] for e in documents.uploaded_files(run, twice)] == ["key-6", "key-2", "key-4", "key-8"]


class Odd(MemoryLink):
    """A backend that answers calls with what is not a run."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def call(self, method: str, service: str, *args: Any) -> Any:
        return self.answer


@pytest.mark.parametrize("answer", [None, 7, [], [{"_id": "a"}], {}, {"_id": {}}, {"_id": "a", "checkpoints": [7]}])
def test_an_answer_to_a_patch_that_is_not_a_run_is_an_error(answer: object) -> None:
    with pytest.raises(InvalidAnswer, match="memory"):
        RunDocuments(Odd(answer)).patch("a", {"epoch": 1}, {})

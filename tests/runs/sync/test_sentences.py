"""What users are told of a run that its backend does not have yet, word by word."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.errors import MarcelleError
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import sentences
from tests.runs.sync.memory_link import MemoryLink

FULL = OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def no_other_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARCELLE_BACKEND", raising=False)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


class Usual(MemoryLink):
    """The backend that is meant where none is named."""

    location = "http://localhost:3030"  # type: ignore[assignment]


def test_where_a_run_is_kept(journal: Journal) -> None:
    assert sentences.kept(Journal(None)) == "it is kept in memory alone"
    assert sentences.kept(journal) == f"all of it is kept in {journal.directory}"
    journal.failure = FULL
    rest = f"what its disk took is kept in {journal.directory}, and the rest in memory alone"
    assert sentences.kept(journal) == rest


def test_a_disk_that_takes_nothing() -> None:
    assert sentences.unwritten(Path("/a/run"), FULL) == (
        "The run can't be written to /a/run (No space left on device). The training goes on, and what could not be "
        "written is tried again at the next epoch."
    )


def test_how_to_sign_in(link: MemoryLink) -> None:
    names = "To sign in, set MARCELLE_EMAIL and MARCELLE_PASSWORD (or MARCELLE_TOKEN)"
    ways = ", or give remote=Remote(DataStore(URL, email=..., password=...))."
    assert sentences.sign_in(link) == f"{names} and MARCELLE_BACKEND=memory{ways}"
    assert sentences.sign_in(Usual()) == f"{names}{ways}"


def test_the_command_that_sends_the_rest(journal: Journal, link: MemoryLink) -> None:
    sends = f"marcelle-rt upload {journal.directory} --backend memory"
    assert sentences.command(journal, link) == sends
    link.save_format = "onnx"
    assert sentences.command(journal, link) == f"{sends} --format onnx"


def test_a_run_introduces_itself(link: MemoryLink) -> None:
    folder = Path("/a run")
    begins = "marcelle-rt: the run 'b c' is recorded"
    assert sentences.introduction("b c", "is recorded", folder, None) == (
        f"{begins} in /a run; nothing is sent to a backend; see it with: marcelle-rt dashboard '/a run'"
    )
    alone = f"{begins} in memory alone; nothing is sent to a backend"
    assert sentences.introduction("b c", "is recorded", None, None) == alone
    assert sentences.introduction("b c", "is recorded", folder, link) == (
        f"{begins} in /a run and goes to memory; see it with: marcelle-rt dashboard --backend memory "
        "(in this terminal: marcelle-rt watch 'basename=b c' --backend memory)"
    )
    assert sentences.introduction("b", "goes on", None, Usual()) == (
        "marcelle-rt: the run 'b' goes on in memory alone and goes to http://localhost:3030; see it with: "
        "marcelle-rt dashboard (in this terminal: marcelle-rt watch basename=b)"
    )


def test_other_values_that_were_overwritten() -> None:
    assert sentences.replaced("there") == (
        "The copy at there was written from another folder, and had values that this run does not have: they were "
        "overwritten. Was the run's folder copied, and gone on with in both places?"
    )


def test_a_file_that_is_not_taken() -> None:
    told = "m.h5 (1,234 bytes) was not uploaded: no."
    assert sentences.not_uploaded("m.h5", 1234, "no") == told
    error = MarcelleError("too large")
    hint = "A proxy before it takes no request of that size; raise its limit (nginx: client_max_body_size)."
    assert sentences.not_uploaded("m.h5", 1234, error) == "m.h5 (1,234 bytes) was not uploaded: too large."
    error.code = 413  # type: ignore[attr-defined]
    assert sentences.not_uploaded("m.h5", 1234, error) == f"m.h5 (1,234 bytes) was not uploaded: too large. {hint}"


def test_what_is_left_at_the_end(journal: Journal, link: MemoryLink) -> None:
    kept, sends = sentences.kept(journal), sentences.command(journal, link)
    assert sentences.unsent_hint(journal, None, None, goes_on=False) == f"Not all of the run could be written; {kept}."
    away = sentences.unsent_hint(journal, link, "refused", goes_on=False)
    assert away == (f"The backend does not have all of the run yet (refused); {kept}. Send the rest with: {sends}")
    goes_on = sentences.unsent_hint(journal, link, None, goes_on=True)
    assert goes_on == (
        f"The backend does not have all of the run yet; {kept}. It is still being sent while this program runs; "
        f"afterwards, send the rest with: {sends}"
    )
    nowhere = sentences.unsent_hint(Journal(None), link, "full", goes_on=True)
    assert nowhere == "Not all of the run could be written (full); it is kept in memory alone."

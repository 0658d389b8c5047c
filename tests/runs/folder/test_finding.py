"""A run's folder is found by what people call the run, and knows which backends have had it."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData, RunFolderError
from marcelle_rt.runs.folder import copies, finding, journal


def record(base: Path, name: str, url: str | None = None) -> Writer:
    """A run that has ended."""
    with Writer(name, url, base_log_dir=base, **({} if url else {"remote": False})) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
    return writer


def test_a_folder_is_named_by_its_time_and_its_run(tmp_path: Path) -> None:
    now = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.timezone.utc)
    names = []
    for basename in ("digits", "../a b/ö*?", "x" * 300, "...", ""):
        book, _ = journal.create(tmp_path, basename, now)
        book.close()
        assert book.directory is not None
        names.append(book.directory.name)

    assert names[0] == "2026-11-24T09-30-00.000Z-digits"
    assert names[1] == "2026-11-24T09-30-00.001Z-a-b-ö"
    assert names[2].endswith("Z-" + "x" * 50)
    assert names[3:] == ["2026-11-24T09-30-00.003Z", "2026-11-24T09-30-00.004Z"]


def test_a_run_goes_on_by_the_name_that_its_backend_gave_it(backend: Backend, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    first, second = (record(tmp_path, name, backend.url) for _ in range(2))

    again = Writer.resume(f"{name}-2", base_log_dir=tmp_path, backend_root=backend.url)
    again.close()

    assert (again.run_directory, again.run_id) == (second.run_directory, second.run_id)
    assert first.run_directory is not None
    assert finding.folder_of(tmp_path, str(first.run_id)) == first.run_directory
    assert finding.folder_of(tmp_path, first.run_directory.name) == first.run_directory
    assert finding.folder_of(Path("elsewhere"), first.run_directory) == first.run_directory


def test_a_name_that_is_no_run_names_those_that_are_similar(backend: Backend, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    record(tmp_path, name, backend.url)

    with pytest.raises(RunFolderError, match=f"no run called '{name}-7'; similar: {name}-1"):
        Writer.resume(f"{name}-7", base_log_dir=tmp_path)
    for wrong in (True, 3, ""):
        with pytest.raises(InvalidData, match="neither a run's folder nor a run's name"):
            Writer.resume(wrong, base_log_dir=tmp_path)  # type: ignore[arg-type]


def test_two_folders_of_one_name_are_both_named(tmp_path: Path) -> None:
    directories = [record(tmp_path, "twice").run_directory for _ in range(2)]
    for directory, url in zip(directories, ("http://one", "http://two"), strict=True):
        assert directory is not None
        copies.note(directory, url, "twice-1")

    with pytest.raises(RunFolderError) as refused:
        finding.folder_of(tmp_path, "twice-1")
    assert all(str(directory) in str(refused.value) for directory in directories)


def test_a_folder_knows_its_backends_and_what_was_removed_there(tmp_path: Path) -> None:
    directory = record(tmp_path, "w").run_directory
    assert directory is not None
    assert copies.copies(directory) == {}

    copies.note(directory, "http://one", "w-1")
    since = copies.copies(directory)["http://one"].since
    copies.note(directory, "http://two", "w-5")
    copies.note(directory, "http://one", "w-1", removed=True)

    assert copies.copies(directory) == {
        "http://one": copies.Copy("w-1", since, removed=True),
        "http://two": copies.Copy("w-5", copies.copies(directory)["http://two"].since, removed=False),
    }
    for torn in ("", "[]", '{"http://one": 3, "http://two": {"name": "x"}}', "{"):
        (directory / copies.BACKENDS).write_text(torn)
        assert copies.copies(directory) == {}

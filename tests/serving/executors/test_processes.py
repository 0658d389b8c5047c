"""The processes of jobs, without a server around them."""

from __future__ import annotations

from pathlib import Path

import psutil

from marcelle_rt.serving.definition import Reference
from marcelle_rt.serving.executors.processes import Processes, _Process
from tests.helpers import eventually


def test_a_spare_that_could_not_import_the_servers_file_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    (tmp_path / "torn.py").write_text("this is not Python")
    before = set(psutil.Process().children())
    processes = Processes(Reference("torn", "server", str(tmp_path)), "a-server", 1, lambda order, reason: None)
    spare = set(psutil.Process().children()) - before
    assert spare

    eventually(lambda: not any(process.is_running() for process in spare), 60)
    processes.close()


def test_a_spare_that_waits_ends_with_the_server_without_its_imports(tmp_path: Path) -> None:
    (tmp_path / "heavy.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'x')")
    arguments = [*Reference("heavy", "server", str(tmp_path)), "a-server"]
    ends: list[str | None] = []
    spare = _Process(arguments, 600.0, lambda process, reason: ends.append(reason))

    spare.tell_end()
    spare.wait()

    assert len(ends) == 1
    assert not (tmp_path / "imported").exists()

"""A forked program is as one that Python starts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.helpers import eventually, is_running
from tests.support.programs.forked import Program, run

ROOT = Path(__file__).parents[3]

ABOUT = """
import atexit, os, signal, sys, threading
atexit.register(lambda: print("last words"))
settings = ("MARCELLE_BACKEND", "PYTHONPATH", "PYTEST_CURRENT_TEST")
print(__name__, globals().get("__file__"), sys.modules["__main__"].__dict__ is globals(), sys.argv, sys.path)
print(sys.orig_argv[1:], os.getcwd(), os.getpgrp(), [os.environ.get(name) for name in settings], sys.stdin.read())
print("marcelle_rt" in sys.modules, threading.active_count(), signal.getsignal(signal.SIGINT), os.listdir("/dev/fd"))
print("an error", file=sys.stderr)
threading.Timer(0.1, print, ["from a thread"]).start()
"""


@pytest.mark.parametrize(
    ("way", "end", "status"),
    [
        ("-c", "", 0),
        ("-m", "sys.exit(3)", 3),
        ("file", "raise SystemExit('no')", 1),
        ("-c", "1 / 0", 1),
        ("-c", "os.kill(os.getpid(), 9)", -9),
        ("-c", "os._exit(7)", 7),
    ],
)
def test_a_forked_program_is_as_one_that_python_starts(way: str, end: str, status: int, tmp_path: Path) -> None:
    text = ABOUT + end
    (tmp_path / "program.py").write_text(text)
    words = {"-c": ["-c", text], "-m": ["-m", "program"], "file": [str(tmp_path / "program.py")]}[way]
    words += ["a", "b c"]
    env = {**os.environ, "MARCELLE_BACKEND": "http://there", "PYTHONPATH": "/first:/second"}
    fresh = subprocess.run([sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True, input="")

    forked = run(words, "numpy", cwd=tmp_path, env=env)

    assert (forked.returncode, fresh.returncode) == (status, status)
    assert forked.stdout == fresh.stdout
    ends = [[*done.stderr.splitlines()[:1], *done.stderr.splitlines()[-1:]] for done in (forked, fresh)]  # no traces
    assert ends[0] == ends[1]


def test_two_have_other_random_numbers_and_the_library_from_the_start(tmp_path: Path) -> None:
    text = "import sys; imported = 'numpy' in sys.modules; import numpy, random; print(imported, random.random())"
    text += "; print(numpy.random.rand())"
    said = [run(["-c", text], "numpy", cwd=tmp_path, env=os.environ).stdout.split() for _ in range(2)]
    assert [words[0] for words in said] == ["True", "True"]
    assert len({*said[0], *said[1]}) == 5


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    text = "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"
    with open(os.devnull) as nothing, (tmp_path / "out").open("w+") as out:
        program = Program(["-c", text], "numpy", tmp_path, os.environ, [nothing, out, out])
        pid = int(eventually((tmp_path / "out").read_text))
        with pytest.raises(AssertionError, match="not ended within 0 s"):
            program.wait(0)
        assert is_running(pid)
        program.kill()
    assert not is_running(pid)


FORKED_FROM = """
import os, signal, subprocess
ask = ["ps", "-o", "ppid=", "-p", str(os.getppid())]
server = int(subprocess.run(ask, capture_output=True, text=True).stdout)
print(server)
"""
ANOTHER = """
import os, sys
from pathlib import Path
from tests.support.programs.forked import run
print(run(["-c", sys.argv[1]], "json", cwd=Path(), env=os.environ).stdout)
"""


def forked_elsewhere(text: str, **variables: str) -> int:
    """What a process prints that is forked by another process of a run, which then ends."""
    env = {**os.environ, **variables}
    words = [sys.executable, "-c", ANOTHER, text]
    return int(subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout)


def test_all_processes_of_a_run_fork_from_the_same_which_does_not_end_with_any_of_them(tmp_path: Path) -> None:
    ours = int(run(["-c", FORKED_FROM], "json", cwd=tmp_path, env=os.environ).stdout)
    assert forked_elsewhere(FORKED_FROM) == ours
    assert int(run(["-c", FORKED_FROM], "json", cwd=tmp_path, env=os.environ).stdout) == ours


def test_that_ends_when_nobody_is_connected_and_a_killed_one_has_a_successor() -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = forked_elsewhere(FORKED_FROM, PYTEST_FORK_SERVERS=folder)
        eventually(lambda: not is_running(first))
        assert [path.suffix for path in Path(folder).iterdir()] == [".lock"]

        killed = forked_elsewhere(f"{FORKED_FROM}os.kill(server, signal.SIGKILL)", PYTEST_FORK_SERVERS=folder)
        assert len(list(Path(folder).iterdir())) == 2
        last = forked_elsewhere(FORKED_FROM, PYTEST_FORK_SERVERS=folder)
        assert len({first, killed, last}) == 3
        eventually(lambda: not is_running(last))

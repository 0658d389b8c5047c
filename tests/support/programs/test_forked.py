"""A forked program is as one that Python starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import eventually, is_running
from tests.support.programs.forked import Program, run

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

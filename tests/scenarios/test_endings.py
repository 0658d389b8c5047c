"""How runs end, each in a process of its own that really ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

START = """
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup leaves it ignored
from marcelle_rt import Writer
writer = Writer("ends", remote=False, base_log_dir=sys.argv[1])
"""


def ends(program: str, base: Path, send: int | None = None) -> tuple[dict[str, Any], int]:
    """Runs a program to its end; one to be sent a signal prints `ready` first."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", START + program, str(base)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if send is not None:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(send)
    _, errors = child.communicate(timeout=60)
    assert "marcelle_rt" not in errors.replace('File "<string>"', "") or "Traceback" not in errors, errors
    (directory,) = base.iterdir()
    return json.loads((directory / "run_data.json").read_text()), child.returncode


TRAIN = """
writer.create_run(); writer.train_begin({planned})
for epoch in range(1, {saved} + 1):
    writer.save_epoch(epoch, {{"loss": 1.0}})
"""


@pytest.mark.parametrize(
    ("program", "status", "error", "code"),
    [
        (TRAIN.format(planned=2, saved=2) + "writer.train_end()", "success", None, 0),
        (TRAIN.format(planned=2, saved=2), "success", None, 0),
        (TRAIN.format(planned=2, saved=1), "error", "ended after 1 of 2 epochs", 0),
        (TRAIN.format(planned=2, saved=1) + "1 / 0", "error", "ZeroDivisionError: division by zero", 1),
        (TRAIN.format(planned=2, saved=1) + "sys.exit(3)", "error", "ended after 1 of 2 epochs", 3),
        (
            "with writer:\n    writer.create_run(); writer.train_begin(2)\n    writer.save_epoch(1, {})",
            "success",
            None,
            0,
        ),
        (
            "with writer:\n    writer.create_run(); writer.train_begin(2)\n    raise ValueError('too hot')",
            "error",
            "ValueError: too hot",
            1,
        ),
        (
            "with writer:\n    writer.create_run(); writer.train_begin(2)\n    sys.exit(4)",
            "error",
            "sys.exit(4)",
            4,
        ),
        (
            "with writer:\n    writer.create_run(); writer.train_begin(2)\n    sys.exit()",
            "error",
            "ended after 0 of 2 epochs",
            0,
        ),
    ],
    ids=[
        "train_end",
        "exit with all epochs",
        "exit with epochs missing",
        "exception",
        "sys.exit",
        "with in peace",
        "with an exception",
        "with sys.exit(4)",
        "with sys.exit()",
    ],
)
def test_a_run_ends_as_its_program_does(
    tmp_path: Path, program: str, status: str, error: str | None, code: int
) -> None:
    document, returned = ends(program, tmp_path)
    assert (document["status"], document.get("error"), returned) == (status, error, code)


READY = "print('ready', flush=True)\ntime.sleep(60)"


def test_ctrl_c_ends_a_run_as_an_error(tmp_path: Path) -> None:
    document, _ = ends(TRAIN.format(planned=2, saved=1) + READY, tmp_path, signal.SIGINT)
    assert (document["status"], document["error"]) == ("error", "KeyboardInterrupt")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_a_cluster_s_signal_and_a_closed_terminal_end_a_run_as_an_error(tmp_path: Path, number: signal.Signals) -> None:
    document, code = ends(TRAIN.format(planned=2, saved=1) + READY, tmp_path, number)
    assert (document["status"], document["error"], code) == ("error", number.name, 128 + number)


WORKERS = """
writer.create_run()
for _ in range(20):  # at whatever moment it comes
    pid = os.fork()
    while pid == 0:
        try:
            time.sleep(60)
        except BaseException:
            os._exit(0)
    os.kill(pid, signal.SIGTERM)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM
writer.save_epoch(1, {"loss": 1.0})
writer.train_end()
"""


def test_sigterm_ends_a_forked_worker_at_once_whatever_it_does_and_not_the_run(tmp_path: Path) -> None:
    document, code = ends(WORKERS, tmp_path)
    assert (document["status"], document["logs"], code) == ("success", {"loss": [1.0]}, 0)


def test_a_program_that_handles_sigterm_keeps_its_handler(tmp_path: Path) -> None:
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
    document, code = ends(handler + TRAIN.format(planned=2, saved=1) + READY, tmp_path, signal.SIGTERM)
    assert (document["status"], code) == ("error", 5)


IN_OUR_HANDS = """
from collections.abc import Mapping
class Logs(Mapping):
    def items(self):
        os.kill(os.getpid(), signal.%s)  # it comes while the package asks other people's code, whatever that raises
        time.sleep(60)
    def __getitem__(self, key): return 1.0
    def __iter__(self): return iter(["loss"])
    def __len__(self): return 1
def too_long(*_): raise TimeoutError("too long")
writer.create_run(); writer.train_begin(2); writer.save_epoch(1, {"loss": 1.0})
%s
try:
    writer.save_epoch(2, Logs())
except TimeoutError:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("name", "handler", "error", "code"),
    [
        ("SIGTERM", "", "SIGTERM", 143),
        ("SIGTERM", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))", "ended after 1 of 2 epochs", 5),
        ("SIGALRM", "signal.signal(signal.SIGALRM, too_long)", "ended after 1 of 2 epochs", 7),
    ],
)
def test_a_signal_is_heard_also_while_the_package_asks_other_peoples_code(
    tmp_path: Path, name: str, handler: str, error: str, code: int
) -> None:
    document, returned = ends(IN_OUR_HANDS % (name, handler), tmp_path)
    assert (document["status"], document["error"], returned) == ("error", error, code)


def test_after_the_last_run_sigterm_is_as_it_was(tmp_path: Path) -> None:
    check = "assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL"
    assert ends(TRAIN.format(planned=1, saved=1) + "writer.train_end()\n" + check, tmp_path)[1] == 0


def test_a_second_create_run_ends_the_first_as_an_error(tmp_path: Path) -> None:
    program = f"{TRAIN.format(planned=2, saved=1)}first = writer.run_directory\nwriter.create_run()\nprint(first)"
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START + program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    document = json.loads((Path(child.stdout.strip()) / "run_data.json").read_text())
    assert document["status"] == "error"
    assert "another run" in document["error"]


CHILD = """
import multiprocessing

def train():
    from marcelle_rt import Writer
    writer = Writer("child", remote=False, base_log_dir=sys.argv[1])
    writer.create_run(); writer.train_begin(3)
    for epoch in (1, 2, 3):
        writer.save_epoch(epoch, {"loss": 1.0})
    %s

child = multiprocessing.get_context("fork").Process(target=train)
child.start(); child.join()
"""


@pytest.mark.parametrize(
    ("last", "status", "error"),
    [("pass", "success", None), ("raise ValueError('too hot')", "error", "ValueError: too hot")],
    ids=["returns", "raises"],
)
def test_a_run_of_a_forked_child_ends_as_the_child_does(
    last: str, status: str, error: str | None, tmp_path: Path
) -> None:
    run, code = ends(CHILD % last, tmp_path)
    assert (run["status"], run.get("error"), code) == (status, error, 0)
    assert run["logs"] == {"loss": [1.0, 1.0, 1.0]}


def test_a_run_of_a_worker_of_joblibs_ends_with_the_worker(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")  # brings joblib
    program = """
import joblib
folder = sys.argv[1]

def train():
    from marcelle_rt import Writer
    writer = Writer("worker", remote=False, base_log_dir=folder)
    writer.create_run(); writer.train_begin(1); writer.save_epoch(1, {"loss": 1.0})

joblib.Parallel(n_jobs=2)([joblib.delayed(train)()])
"""
    run, code = ends(program, tmp_path)
    assert (run["status"], code) == ("success", 0)


def test_an_exception_of_before_the_run_ended_nothing_of_it(tmp_path: Path) -> None:
    program = """
try:
    1 / 0
except ZeroDivisionError as error:
    sys.last_exc = sys.last_value = error  # as a notebook does for each cell that fails
"""
    run, _ = ends(program + TRAIN.format(planned=2, saved=2), tmp_path)
    assert (run["status"], run.get("error")) == ("success", None)


def test_the_exception_of_a_later_cell_ends_the_run(tmp_path: Path) -> None:
    program = """
sys.last_exc = sys.last_value = RuntimeError("of before")
"""
    later = 'sys.last_exc = sys.last_value = RuntimeError("of later")'
    run, _ = ends(program + TRAIN.format(planned=2, saved=2) + later, tmp_path)
    assert (run["status"], run["error"]) == ("error", "RuntimeError: of later")

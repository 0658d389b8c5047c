"""The end of a run waits long for a backend that has had it, a moment for one that was never there, and once."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt import DataStore, KerasCallback, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from marcelle_rt.runs.sync.patience import UNREACHED, Patience
from marcelle_rt.runs.sync.publisher import Publisher, publisher_for
from tests.helpers import eventually, free_port
from tests.support.clock import Clock
from tests.support.writers import said


def a_run(url: str, folder: Path, remote: Remote | None = None) -> tuple[Writer, Publisher]:
    writer = Writer("patient", url, base_log_dir=folder, finish_timeout=600, remote=remote)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    assert writer._current.run is not None
    assert writer._current.run.feed.copy is not None
    return writer, publisher_for(writer._current.run.feed.copy.link)


def patience(writer: Writer, publisher: Publisher, clock: Clock) -> Patience:
    assert writer._current.run is not None
    return Patience(writer._current.run.feed, publisher, clock=clock)


def test_a_run_whose_backend_was_never_reached_ends_soon_and_the_next_at_once(unused_url: str, tmp_path: Path) -> None:
    writer, publisher = a_run(unused_url, tmp_path)
    clock = Clock()
    first = patience(writer, publisher, clock)
    eventually(lambda: publisher.failures)
    assert not first.is_over()
    clock.now += UNREACHED + 0.1
    assert first.is_over()
    assert "marcelle-rt upload" in said(writer.train_end)[-1]  # though it would wait for ten minutes

    following, _ = a_run(unused_url, tmp_path)
    second = patience(following, publisher, Clock())
    eventually(second.is_over)  # as soon as it was tried again, and its clock stands still
    assert following.train_end() is None


def test_a_backend_that_came_late_is_waited_for_again(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    port = free_port()
    writer, publisher = a_run(f"http://127.0.0.1:{port}", tmp_path)
    writer.train_end()
    assert publisher.was_waited_for
    own_backend(port=port)
    publisher.press()
    assert writer.flush(30)
    assert (publisher.was_waited_for, publisher.failures) == (False, 0)


def test_a_backend_that_had_the_run_is_waited_for(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    backend = own_backend()
    with DataStore(backend.url, timeout=1) as store:  # so soon a call fails whose line was lost
        writer, publisher = a_run(backend.url, tmp_path, Remote(store))
        assert writer.flush()
        backend.stop()
        writer.save_epoch(2, {"loss": 1.0})
        eventually(lambda: publisher.failures, 30)
        clock = Clock()
        waiting = patience(writer, publisher, clock)
        clock.now += 100
        assert not waiting.is_over()
        writer.finish_timeout = 0.0
        writer.train_end()


def test_the_bar_says_what_it_waits_for_and_ctrl_c_leaves_it(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend()
    program = (
        "import sys; from marcelle_rt import Writer\n"
        "w = Writer('bar', sys.argv[1], base_log_dir=sys.argv[2], finish_timeout=600)\n"
        "w.create_run(); assert w.flush(); print('ready', flush=True); input()\n"
        "w.save_epoch(1, {'loss': 1.0}); w.train_end(); print('finished', flush=True)\n"
    )
    terminal, inside = pty.openpty()  # without room on it there is no bar
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    command = [sys.executable, "-c", program, backend.url, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=inside)
    os.close(inside)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    backend.stop()
    child.stdin.write(b"\n")
    child.stdin.flush()
    shown = b""
    while b"Ctrl-C leaves the rest for later" not in shown:
        shown += os.read(terminal, 4096)
    assert f"Waiting for {backend.url}".encode() in shown
    child.send_signal(signal.SIGINT)
    assert child.stdout.read() == b"finished\n"
    assert child.wait() == 0
    os.close(terminal)


def test_the_variable_takes_the_place_of_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras")
    monkeypatch.setenv("MARCELLE_FINISH_TIMEOUT", "7")
    assert Writer("w", remote=False).finish_timeout == 7.0
    assert Writer("w", remote=False, finish_timeout=3).finish_timeout == 3.0
    assert KerasCallback("w").writer.finish_timeout == 7.0
    assert KerasCallback("w", finish_timeout=3).writer.finish_timeout == 3.0


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_what_is_not_a_number_of_seconds_is_said_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidData, match=r"finish_timeout.*is not a number of seconds"):
        Writer("w", remote=False, finish_timeout=text)  # type: ignore[arg-type]
    monkeypatch.setenv("MARCELLE_FINISH_TIMEOUT", text)
    with pytest.raises(InvalidData, match="MARCELLE_FINISH_TIMEOUT"):
        Writer("w", remote=False)

"""`marcelle-rt dashboard` as it is typed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend
from tests.helpers import eventually

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(node: None, tmp_path: Path) -> Iterator[Start]:
    """Starts the command as a terminal would: Ctrl-C reaches it, whatever the test runner itself ignores."""
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}

    def start(*arguments: str) -> subprocess.Popen[str]:
        running = subprocess.Popen(
            [sys.executable, "-c", "from marcelle_rt.cli import main; main()", "dashboard", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "stderr").open("w"),
            text=True,
            cwd=tmp_path,
            env={**env, "TMPDIR": str(tmp_path)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        stack.callback(running.kill)
        return running

    with ExitStack() as stack:
        yield start


def address(running: subprocess.Popen[str]) -> str:
    """Where the page is, as soon as that was said."""
    assert running.stdout is not None
    line = running.stdout.readline()
    found = re.search(r"is at (http://\S+/)", line)
    assert found, f"the command said {line!r}"
    return found[1]


def test_it_serves_the_page_of_a_backend_until_ctrl_c(start: Start, backend: Backend) -> None:
    running = start("--backend", backend.url, "--no-browser")
    url = address(running)

    with urllib.request.urlopen(url) as answer:
        assert b"main.js" in answer.read()
    with urllib.request.urlopen(f"{url}settings.js") as answer:
        assert backend.url.encode() in answer.read()
    with urllib.request.urlopen(f"{url}curves/chart.js") as answer:
        assert answer.headers.get_content_type() == "text/javascript"

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 130


def test_it_says_when_no_backend_answers_and_serves_the_page_all_the_same(
    start: Start, unused_url: str, tmp_path: Path
) -> None:
    url = address(start("--backend", unused_url, "--no-browser"))

    eventually(lambda: "connects by itself" in (tmp_path / "stderr").read_text())
    assert unused_url in (tmp_path / "stderr").read_text()
    assert urllib.request.urlopen(url).status == 200


def test_a_port_that_is_taken_is_said(start: Start, backend: Backend, tmp_path: Path) -> None:
    running = start("--port", str(backend.port), "--no-browser")
    running.communicate(timeout=30)

    assert running.returncode == 1
    assert f"127.0.0.1:{backend.port}" in (tmp_path / "stderr").read_text()
    assert "--port 0" in (tmp_path / "stderr").read_text()

"""`marcelle-rt demo` from beginning to end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from marcelle_rt.cli import main
from tests.helpers import eventually
from tests.support.command import going_on
from tests.support.lean import lean_environment

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def demo(node: None, tmp_path: Path) -> Iterator[Start]:
    """Starts the demo as a terminal would: Ctrl-C reaches it, whatever the test runner itself ignores."""
    lean = lean_environment("narwhals", "scipy", "sklearn")  # its users have scikit-learn, which needs the others
    with ExitStack() as stack:
        yield lambda *arguments: going_on(stack, tmp_path, lean, "demo", *arguments)


def urls(running: subprocess.Popen[str]) -> list[str]:
    """The backend's and the dashboard's URL, as soon as both were said."""
    assert running.stdout is not None
    found: list[str] = []
    while len(found) < 2:
        line = running.stdout.readline()
        assert line, "the demo ended before it said where it is"
        found += re.findall(r"http://\S+", line)
    return found


def says(running: subprocess.Popen[str], folder: Path, text: str) -> None:
    """Waits until it says so on stderr."""

    def is_said() -> bool:
        said = (folder / "stderr").read_text()
        assert running.poll() is None, said
        return text in said

    eventually(is_said, timeout=180)


def assert_nothing_is_left(addresses: list[str], folder: Path) -> None:
    for url in addresses:
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5)
    assert [path.name for path in folder.iterdir() if path.name.startswith("marcelle")] == []


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """Runs the demo in this process, and gives its exit code."""
    monkeypatch.setattr(sys, "argv", ["marcelle-rt", "demo", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_a_short_demo_ends_by_itself_with_success(
    node: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("sklearn")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("marcelle_rt.demo.run.has_display", lambda: False)

    assert typed(monkeypatch, "--epochs", "2", "--exit") == 0

    addresses = re.findall(r"http://[^\s,;()]+", capsys.readouterr().out)
    assert len(addresses) >= 2
    assert_nothing_is_left(addresses, tmp_path)


def test_ctrl_c_during_the_training_leaves_nothing_running(demo: Start, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    running = demo("--epochs", "100000")
    addresses = urls(running)
    says(running, tmp_path, "2/100000")

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert running.returncode == 130
    assert_nothing_is_left(addresses, tmp_path)


def test_without_keras_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert typed(monkeypatch) == 1

    assert 'pip install "marcelle-rt[demo]"' in capsys.readouterr().err


def test_the_interactive_demo_lets_a_phone_in_only_if_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, "interactive", "--host", "0.0.0.0") == 1

    assert "Write --open if that is what you want" in " ".join(capsys.readouterr().err.split())


def test_the_interactive_demo_lets_a_phone_in_and_ctrl_c_ends_it_and_its_python(demo: Start, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    running = demo("interactive", "--host", "0.0.0.0", "--open")
    here, elsewhere = urls(running)[:2]
    says(running, tmp_path, "Serving sketches")
    assert not elsewhere.startswith("http://127.")
    assert b"<title>" in urllib.request.urlopen(elsewhere, timeout=10).read()

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert running.returncode == 130
    assert_nothing_is_left([here, elsewhere], tmp_path)

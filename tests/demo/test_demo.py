"""`marcelle-rt demo` from beginning to end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.helpers import eventually


def demo(*arguments: str, tmp_path: Path) -> subprocess.Popen[str]:
    """Starts the demo as a terminal would: Ctrl-C reaches it, whatever the test runner itself ignores."""
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.Popen(
        [sys.executable, "-c", "from marcelle_rt.cli import main; main()", "demo", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr").open("w"),
        text=True,
        cwd=tmp_path,
        env={**env, "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def urls(running: subprocess.Popen[str]) -> list[str]:
    """The backend's and the dashboard's URL, as soon as both were said."""
    assert running.stdout is not None
    found: list[str] = []
    while len(found) < 2:
        line = running.stdout.readline()
        assert line, "the demo ended before it said where it is"
        found += re.findall(r"http://\S+", line)
    return found


def assert_nothing_is_left(addresses: list[str], folder: Path) -> None:
    for url in addresses:
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=5)
    assert [path.name for path in folder.iterdir() if path.name.startswith("marcelle")] == []


def test_a_short_demo_ends_by_itself_with_success(node: None, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    running = demo("--epochs", "2", "--exit", tmp_path=tmp_path)
    addresses = urls(running)
    running.communicate(timeout=120)

    assert running.returncode == 0, (tmp_path / "stderr").read_text()
    assert_nothing_is_left(addresses, tmp_path)


def test_ctrl_c_during_the_training_leaves_nothing_running(node: None, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    running = demo("--epochs", "100000", tmp_path=tmp_path)
    addresses = urls(running)
    eventually(lambda: "2/100000" in (tmp_path / "stderr").read_text(), timeout=90)

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert running.returncode == 130
    assert_nothing_is_left(addresses, tmp_path)


def test_ctrl_c_ends_the_interactive_demo_and_its_python(node: None, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    running = demo("interactive", tmp_path=tmp_path)
    assert running.stdout is not None
    found: list[str] = []
    while not found:
        line = running.stdout.readline()
        assert line, "the demo ended before it said where it is"
        found = re.findall(r"http://\S+", line)
    eventually(lambda: "Serving sketches" in (tmp_path / "stderr").read_text(), timeout=90)

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert running.returncode == 130
    assert_nothing_is_left(found, tmp_path)


def test_without_keras_the_demo_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from marcelle_rt.cli import main

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["marcelle-rt", "demo"])

    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 1
    assert 'pip install "marcelle-rt[demo]"' in capsys.readouterr().err


def test_the_interactive_demo_lets_a_phone_in_if_that_is_meant(node: None, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    refused = demo("interactive", "--host", "0.0.0.0", tmp_path=tmp_path)
    refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert "Write --open if that is what you want" in " ".join((tmp_path / "stderr").read_text().split())

    running = demo("interactive", "--host", "0.0.0.0", "--open", tmp_path=tmp_path)
    try:
        address = urls(running)[-1]
        assert not address.startswith("http://127.")
        assert b"<title>" in urllib.request.urlopen(address, timeout=10).read()
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert_nothing_is_left([address], tmp_path)

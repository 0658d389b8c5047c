"""`marcelle-rt dashboard` as it is typed."""

from __future__ import annotations

import signal
import urllib.request
from pathlib import Path

from marcelle_rt.backend import Backend
from tests.helpers import eventually

from .conftest import Start, address_of


def test_it_serves_the_page_of_a_backend_until_ctrl_c(start: Start, backend: Backend) -> None:
    running = start("--backend", backend.url, "--no-browser")
    url = address_of(running)

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
    url = address_of(start("--backend", unused_url, "--no-browser", "--host", "0.0.0.0"))

    eventually(lambda: "connects by itself" in (tmp_path / "stderr").read_text())
    assert f"on other machines would look for {unused_url} on those" in (tmp_path / "stderr").read_text()
    assert unused_url in (tmp_path / "stderr").read_text()
    assert urllib.request.urlopen(url).status == 200


def test_a_port_that_is_taken_is_said(start: Start, backend: Backend, tmp_path: Path) -> None:
    running = start("--port", str(backend.port), "--no-browser")
    running.communicate(timeout=30)

    assert running.returncode == 1
    assert f"127.0.0.1 with port {backend.port}" in (tmp_path / "stderr").read_text()
    assert "--port 0" in (tmp_path / "stderr").read_text()

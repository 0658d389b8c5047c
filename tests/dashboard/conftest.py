"""The dashboard's page in a real browser, on a backend of its own, and runs to look at."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from tests.support.command import going_on
from tests.support.services import empty

if TYPE_CHECKING:
    from playwright.sync_api import Page

Train = Callable[..., Writer]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def shown(node: None) -> Iterator[Backend]:
    """The backend that the page shows; each test finds it empty."""
    with Backend() as running:
        yield running


@pytest.fixture(scope="session")
def site(shown: Backend) -> Iterator[Site]:
    """The server of that page."""
    with Site(page_files(shown.url)) as running:
        yield running


@pytest.fixture
def address(shown: Backend) -> str:
    """The URL of that backend, with nothing on it."""
    empty(shown.url)
    return shown.url


@pytest.fixture
def store(address: str) -> Iterator[DataStore]:
    """A data store on that backend."""
    with DataStore(address) as opened:
        yield opened


@pytest.fixture
def train(address: str, tmp_path: Path) -> Iterator[Train]:
    """Begins a run and saves some epochs; it goes on unless it is closed. Other arguments are logs by name."""
    begun: list[Writer] = []

    def train(
        name: str = "digits", *, epochs: int = 0, planned: int = 10, params: Any = None, **start: float
    ) -> Writer:
        writer = Writer(name, address, base_log_dir=tmp_path / "logs")
        begun.append(writer)
        writer.create_run(run_params=params or {})
        writer.train_begin(planned)
        for epoch in range(1, epochs + 1):
            writer.save_epoch(epoch, {metric: value / epoch for metric, value in (start or {"loss": 1.0}).items()})
        writer.flush(10)
        return writer

    yield train
    for writer in begun:
        writer.close()


@pytest.fixture
def open_page(page: Page, address: str, site: Site) -> Iterator[Callable[[], Page]]:
    """Opens the dashboard of what `address` has; an error in the page fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))

    def show() -> Page:
        page.goto(site.url)
        return page

    yield show
    page.close()  # before its runs go
    assert errors == []


@pytest.fixture
def start(node: None, tmp_path: Path) -> Iterator[Start]:
    """Starts the command as a terminal would: Ctrl-C reaches it, whatever the test runner itself ignores."""
    with ExitStack() as stack:
        yield lambda *arguments: going_on(stack, tmp_path, dict(os.environ), "dashboard", *arguments)


def address_of(running: subprocess.Popen[str]) -> str:
    """Where the page is, as soon as that was said."""
    assert running.stdout is not None
    line = running.stdout.readline()
    found = re.search(r"is at (http://\S+/)", line)
    assert found, f"the command said {line!r}"
    return found[1]

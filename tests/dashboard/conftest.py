"""The dashboard's page in a real browser, on a backend of its own, and runs to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Train = Callable[..., Writer]


@pytest.fixture
def address(own_backend: Callable[..., Backend]) -> str:
    """The URL of the backend that the page shows."""
    return own_backend().url


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
def open_page(page: Page, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the dashboard; an error in the page fails the test. The argument goes behind the page's address."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
    with Site(page_files(address)) as site:

        def show(rest: str = "") -> Page:
            page.goto(site.url + rest)
            return page

        yield show
        page.close()  # before its server goes
    assert errors == []

"""A real page that records, shows and predicts with stock components."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from tests.datasets.lab import BODY, SCRIPT, Lab

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="session", params=["nedb", "mongodb"])
def backend(request: pytest.FixtureRequest, node: None) -> Backend:
    """A Marcelle backend, on either database."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def lab(page: Page, dashboard_page: Callable[..., str], backend: Backend, name: str) -> Iterator[Lab]:
    """The page, on a dataset of the test's own; an error in the page fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    script = SCRIPT.replace("BACKEND", json.dumps(backend.url)).replace("NAME", json.dumps(name))
    opened = Lab(page, dashboard_page(script, BODY))
    yield opened
    assert errors == []


@pytest.fixture
def name() -> str:
    """A dataset's name that no other test uses."""
    return f"Test {uuid.uuid4().hex[:8]}"


@pytest.fixture
def dataset(store: DataStore, name: str) -> Dataset:
    """The test's own dataset, which is empty."""
    return Dataset(store, name)

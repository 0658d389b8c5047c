"""A real page that records, shows and predicts with stock components."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from tests.datasets.lab import BODY, SCRIPT, Lab
from tests.helpers import Profile, dashboard_html

if TYPE_CHECKING:
    from playwright.sync_api import Error


@pytest.fixture(scope="session", params=["nedb", "mongodb"])
def backend(request: pytest.FixtureRequest, node: None) -> Backend:
    """A Marcelle backend, on either database."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def opened(profile: Profile, backend: Backend) -> Iterator[Lab]:
    """The page, which is opened once for the tests of a file that need it."""
    html = dashboard_html(SCRIPT.replace("BACKEND", json.dumps(backend.url)), BODY)
    with Site({"index.html": html}) as site, profile.page() as page:
        yield Lab(page, site.url)


@pytest.fixture
def lab(opened: Lab, name: str) -> Iterator[Lab]:
    """The page, on a dataset of the test's own; an error in the page fails the test."""
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    opened.page.on("pageerror", note)
    opened.begin(name)
    yield opened
    opened.page.remove_listener("pageerror", note)
    assert errors == []


@pytest.fixture
def name() -> str:
    """A dataset's name that no other test uses."""
    return f"Test {uuid.uuid4().hex[:8]}"


@pytest.fixture
def dataset(store: DataStore, name: str) -> Dataset:
    """The test's own dataset, which is empty."""
    return Dataset(store, name)

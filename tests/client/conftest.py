"""Each kind of server, and a line that can break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.backend import Backend
from tests.support.accounts import ADA, ShortLived
from tests.support.proxy import Proxy
from tests.support.services import fresh_name, url_of


@pytest.fixture(params=["nedb", "mongodb", "feathers5"])
def server(request: pytest.FixtureRequest, node: None) -> str:
    """The URL of a server: Engine.IO 3 (a Marcelle backend on either database), then Engine.IO 4 (Feathers 5)."""
    return url_of(request)


@pytest.fixture
def many(server: str, request: pytest.FixtureRequest) -> int:
    """As many documents as a kind of server takes in a moment."""
    return 300 if request.node.callspec.params["server"] == "mongodb" else 1250


@pytest.fixture(scope="session")
def guarded(node: None) -> Iterator[str]:
    """The URL of a backend where Ada has an account, and others may sign up."""
    with Backend(auth=True, signup=True) as backend, DataStore(backend.url) as store:
        store.service("users").create(ADA)
        yield backend.url


@pytest.fixture(scope="session")
def forgetful(node: None) -> Iterator[str]:
    """The same, with tokens that end after five seconds."""
    with ShortLived(auth=True, signup=True) as backend, DataStore(backend.url) as store:
        store.service("users").create(ADA)
        yield backend.url


@pytest.fixture
def service(server: str) -> Iterator[Service]:
    """An empty service on each kind of server."""
    with DataStore(server) as store:
        yield store.service(fresh_name())


@pytest.fixture
def proxied(server: str) -> Iterator[Proxy]:
    """A line to each kind of server."""
    with Proxy(server) as proxy:
        yield proxy


@pytest.fixture
def open_store() -> Iterator[Callable[..., DataStore]]:
    """Makes stores that are closed after the test; arguments as for `DataStore`."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(DataStore(*args, **options))

"""A backend where everybody may sign up, and two who did; each file has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from marcelle_rt.backend import Backend
from tests.backend.sign_in.people import User


@pytest.fixture(scope="module")
def home(node: None) -> Iterator[Backend]:
    with Backend(auth=True, signup=True) as running:
        yield running


@pytest.fixture(scope="module")
def ada(home: Backend) -> Iterator[User]:
    user = User(home.url, "ada")
    yield user
    user.socket.close()


@pytest.fixture(scope="module")
def bob(home: Backend) -> Iterator[User]:
    user = User(home.url, "bob")
    yield user
    user.socket.close()

"""The backends that runs and models go to."""

from __future__ import annotations

import pytest

from marcelle_rt.backend import Backend


@pytest.fixture(scope="session", params=["nedb", "mongodb"])
def backend(request: pytest.FixtureRequest, node: None) -> Backend:
    """A Marcelle backend, on either database."""
    return request.getfixturevalue(request.param)

"""A plugin of pytest for `scripts/mutants`: what finds a mistake soonest comes first, and tells of it briefly.

Thousands of runs end with their first failure. So tests of random examples come last, without a search for the
smallest example, of which nobody would read.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, is_hypothesis_test, settings

settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True)
settings.load_profile("mutants")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what takes random examples behind the rest."""
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "function", None)))

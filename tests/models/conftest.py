"""What runs converted models without a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.sweep.compare import Comparison
    from tests.support.sweep.runners import Tfjs


@pytest.fixture(scope="session")
def tfjs(node: None) -> Iterator[Tfjs]:
    """TF.js on the CPU, without a page."""
    from tests.support.sweep.runners import Tfjs

    with Tfjs() as runner:
        yield runner


@pytest.fixture
def compare(tfjs: Tfjs, tmp_path: Path) -> Comparison:
    """Converts a model of the sweep every way, and compares what comes of it with Keras."""
    from tests.support.sweep.compare import Comparison

    return Comparison(tfjs, tmp_path)

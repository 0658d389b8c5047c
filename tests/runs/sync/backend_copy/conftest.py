"""A run whose backend is in memory, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.sync.backend_copy.copied import Copied
from tests.runs.sync.memory_link import MemoryLink


@pytest.fixture
def made(tmp_path: Path) -> Copied:
    return Copied(tmp_path, MemoryLink())

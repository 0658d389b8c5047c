"""What all tests of frameworks share: one table of the ops that PyTorch exports."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_table_of_ops() -> Iterator[None]:
    """Each `torch.onnx.export` reads the same table of thousands of ops anew, which is half of a small module's time.

    Nothing writes to it. The programs of the docs and examples are processes of their own, and read it themselves.
    """
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield

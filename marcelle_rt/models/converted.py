"""What came of a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Converted:
    """A model that a dashboard can load.

    Attributes:
        format: `"tfjs"` or `"onnx"`.
        files: What to upload: `model.json` and its weights, or one `model.onnx`.
        metadata: What the model's document must say so that dashboards load it.
        reason: Why it is a graph-model, which can't be trained further in a browser; None if it isn't one.
    """

    format: str
    files: list[Path]
    metadata: dict[str, Any]
    reason: str | None = None

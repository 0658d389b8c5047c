"""Converts a module as a checkpoint does, runs what comes of it, and compares that with PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from marcelle_rt.errors import ConversionError
from marcelle_rt.models.checkpoints.usage import Usage
from marcelle_rt.models.torch_modules.exporter import ModuleExporter
from tests.support.sweep.runners import NodeProgram, RunFailed
from tests.support.torch_sweep.case import Case

TOLERANCE = 1e-4
COLUMNS = ("graph-model", "ONNX, oldest", "ONNX, newest")


@dataclass(frozen=True)
class Outcome:
    """What came of one way: `"right"`, `"refused"` or `"wrong"`, and why."""

    verdict: str
    reason: str = ""


def onnxruntime_web(runtime: str) -> NodeProgram:
    """onnxruntime-web in Node, in one of the versions that ONNX files are tested with."""
    return NodeProgram(Path(__file__).with_name("ort.js"), Path(__file__).parents[1] / "onnxruntime" / runtime)


class Comparison:
    """Compares modules with what becomes of them, in each of `COLUMNS`."""

    def __init__(self, runners: dict[str, NodeProgram]) -> None:
        self._runners = runners

    def __call__(self, case: Case, folder: Path) -> dict[str, Outcome]:
        module = case.build()
        fed = case.samples(1, seed=2)  # a page feeds one
        with torch.no_grad():
            expected = [np.asarray(tensor, "float32") for tensor in _tensors(module(fed))]
        exporter = ModuleExporter(module, Usage(example=case.samples(2, seed=1)))
        found = {}
        for remote_format, columns in (("tfjs", COLUMNS[:1]), ("onnx", COLUMNS[1:])):
            try:
                files = exporter.write(module, folder / remote_format, remote_format).files
            except ConversionError as error:
                found.update(dict.fromkeys(columns, Outcome("refused", f"{error.culprit}: {error.reason}")))
            except Exception as error:  # of whatever class: that is what this looks for
                found.update(dict.fromkeys(columns, Outcome("wrong", f"{type(error).__name__}: {error}")))
            else:
                for column in columns:
                    found[column] = self._outcome(column, files[0], fed, expected)
        return found

    def _outcome(self, column: str, path: Path, fed: Any, expected: list[Any]) -> Outcome:
        try:
            found = self._runners[column].predict(path, [fed.numpy()])
        except RunFailed as error:
            return Outcome("wrong", str(error)[:300])
        difference = _difference(found, expected)
        return Outcome("wrong", difference) if difference else Outcome("right")


def _tensors(answer: Any) -> list[Any]:
    return [answer] if isinstance(answer, torch.Tensor) else [each for each in answer if isinstance(each, torch.Tensor)]


def _difference(found: list[Any], expected: list[Any]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} outputs instead of {len(expected)}"
    for one, other in zip(found, expected, strict=True):
        if one.shape != other.shape:
            return f"the shape {one.shape} instead of {other.shape}"
        if not np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            return f"differs by {np.abs(one - other).max():.3g}"
    return ""

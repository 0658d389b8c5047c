"""Converts a case every way, runs what comes of it, and compares that with Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import graph, graph_model, layers_model, onnx
from tests.support.sweep.case import Case
from tests.support.sweep.runners import RunFailed, Tfjs, by_onnxruntime

TOLERANCE = 1e-4
_SMALL = {"float16": 2e-3, "bfloat16": 2e-2}  # as precise as they are themselves
TARGETS = ("layers-model", "graph-model", "ONNX")


@dataclass(frozen=True)
class Outcome:
    """What came of one way: `"right"`, `"refused"` or `"wrong"`, and why."""

    verdict: str
    reason: str = ""


class Comparison:
    """Compares models with what becomes of them."""

    def __init__(self, tfjs: Tfjs, directory: Path) -> None:
        self._tfjs = tfjs
        self._directory = directory
        self._count = 0

    def __call__(self, case: Case, targets: tuple[str, ...] = TARGETS) -> dict[str, Outcome]:
        model = case.build()
        samples = case.samples(model)
        expected = [np.asarray(output) for output in keras.tree.flatten(predict(model, samples))]
        return self.outcomes(model, samples, expected, targets)

    def outcomes(
        self,
        model: Any,
        samples: list[np.ndarray],
        expected: list[np.ndarray],
        targets: tuple[str, ...] = TARGETS,
        tolerance: float | None = None,
    ) -> dict[str, Outcome]:
        """What comes of a model by each way.

        Args:
            model: A built Keras model.
            samples: What it is fed with.
            expected: What it has to predict.
            targets: The ways.
            tolerance: How far that may be off; by default 1e-4, and more for outputs of 16 bits.
        """
        return {target: self._outcome(model, samples, expected, target, tolerance) for target in targets}

    def _outcome(
        self,
        model: Any,
        samples: list[np.ndarray],
        expected: list[np.ndarray],
        target: str,
        tolerance: float | None,
    ) -> Outcome:
        self._count += 1
        folder = self._directory / str(self._count)
        folder.mkdir()
        try:
            path = _WRITERS[target](model, folder)
        except ConversionError as error:
            return Outcome("refused", f"{error.culprit}: {error.reason}")
        except Exception as error:
            return Outcome("wrong", f"{type(error).__name__}: {error}")
        try:
            found = by_onnxruntime(path, samples) if target == "ONNX" else self._tfjs.predict(path, samples)
        except RunFailed as error:
            return Outcome("wrong", str(error)[:300])
        difference = differ(found, expected, tolerance)
        return Outcome("wrong", difference) if difference else Outcome("right")


def predict(model: Any, samples: list[np.ndarray]) -> Any:
    given = [
        sample if spec.dtype == "string" else keras.ops.cast(sample, spec.dtype)
        for sample, spec in zip(samples, model.inputs, strict=True)
    ]
    if isinstance(model, keras.Sequential):
        return model(given[0], training=False)
    return model(keras.tree.pack_sequence_as(model.input, given), training=False)


def _layers_model(model: Any, folder: Path) -> Path:
    return layers_model.write(model, folder)[0]


def _graph_model(model: Any, folder: Path) -> Path:
    return graph_model.write(graph.of_model(model, unroll=True), folder)[0]


def _onnx(model: Any, folder: Path) -> Path:
    return onnx.write(graph.of_model(model, unroll=False), folder)


_WRITERS: dict[str, Callable[[Any, Path], Path]] = dict(zip(TARGETS, (_layers_model, _graph_model, _onnx), strict=True))


def differ(found: list[np.ndarray], expected: list[np.ndarray], tolerance: float | None = None) -> str:
    """In what two sets of outputs differ; nothing if they are the same to a tolerance, by default 1e-4."""
    if len(found) != len(expected):
        return f"{len(found)} outputs instead of {len(expected)}"
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one.shape != other.shape:
            return f"output {index} has the shape {one.shape} instead of {other.shape}"
        right = other.astype("float64")
        with np.errstate(invalid="ignore"):
            allowed = tolerance or _SMALL.get(other.dtype.name, TOLERANCE)
            close = np.isclose(one.astype("float64"), right, rtol=allowed, atol=allowed, equal_nan=True)
        if not close.all():
            place = tuple(int(i[0]) for i in np.nonzero(~close))
            values = f"{(~close).sum()} of {close.size} values: {one[place]} instead of {right[place]}"
            return f"output {index} differs in {values}"
    return ""

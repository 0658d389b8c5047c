"""Converts a case every way, runs what comes of it, and compares that with Keras."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import graph, graph_model, layers_model, onnx
from marcelle_rt.models.graphs.frozen import Graph
from tests.support.sweep.case import Case
from tests.support.sweep.runners import InPage, RunFailed, Tfjs, by_onnxruntime

TOLERANCE = 1e-4
ROUNDED = 3.0  # times what Keras' own 32-bit floats are off from 64-bit ones: two roundings are no better than one
IN_PAGE = 1e-3  # sines of WebGL are no better
_SMALL = {"float16": 2e-3, "bfloat16": 2e-2}  # as precise as they are themselves
TARGETS = ("layers-model", "graph-model", "ONNX")


@dataclass(frozen=True)
class Outcome:
    """What came of one way.

    Attributes:
        verdict: `"right"`, `"refused"` or `"wrong"`.
        reason: Why it is not right.
        in_page: Whether it was run in a page too, to the same effect.
    """

    verdict: str
    reason: str = ""
    in_page: bool = False


class Comparison:
    """Compares models with what becomes of them."""

    def __init__(self, tfjs: Tfjs, directory: Path) -> None:
        self._tfjs = tfjs
        self._directory = directory
        self._count = 0

    def __call__(
        self, case: Case, targets: tuple[str, ...] = TARGETS, page: InPage | None = None
    ) -> dict[str, Outcome]:
        """What comes of a case by each way; in a page, too, if there is one and it is right."""
        model = case.build()
        samples = case.samples(model)
        expected = found = _arrays(predict(model, samples))
        tolerance = None
        if case.exact:
            expected = case.exact(model, samples)
            own = max(float(np.abs(one - other).max()) for one, other in zip(found, expected, strict=True))
            tolerance = max(TOLERANCE, ROUNDED * own)
        return self.outcomes(model, samples, expected, targets, tolerance, page)

    def outcomes(
        self,
        model: Any,
        samples: list[np.ndarray],
        expected: list[np.ndarray],
        targets: tuple[str, ...] = TARGETS,
        tolerance: float | None = None,
        page: InPage | None = None,
    ) -> dict[str, Outcome]:
        """What comes of a model by each way.

        Args:
            model: A built Keras model.
            samples: What it is fed with.
            expected: What it has to predict.
            targets: The ways.
            tolerance: How far that may be off; by default 1e-4, and more for outputs of 16 bits.
            page: A page in which what is right in Node is run once more.
        """
        tracer = Tracer(model)
        outcomes = {}
        for target in targets:
            self._count += 1
            folder = self._directory / str(self._count)
            folder.mkdir()
            try:
                path = _WRITERS[target](tracer, folder)
            except ConversionError as error:
                outcomes[target] = Outcome("refused", f"{error.culprit}: {error.reason}")
            except Exception as error:
                outcomes[target] = Outcome("wrong", f"{type(error).__name__}: {error}")
            else:
                run = by_onnxruntime if target == "ONNX" else self._tfjs.predict
                outcomes[target] = _compared(run, path, samples, expected, tolerance)
                if page and target != "ONNX" and outcomes[target].verdict == "right":
                    shown = _compared(page.predict, path, samples, expected, max(tolerance or 0.0, IN_PAGE))
                    is_right = shown.verdict == "right"
                    outcomes[target] = Outcome(shown.verdict, shown.reason and f"in a page: {shown.reason}", is_right)
            shutil.rmtree(folder)
        return outcomes


def _compared(
    run: Callable[[Path, list[np.ndarray]], list[np.ndarray]],
    path: Path,
    samples: list[np.ndarray],
    expected: list[np.ndarray],
    tolerance: float | None,
) -> Outcome:
    try:
        difference = differ(run(path, samples), expected, tolerance)
    except RunFailed as error:
        difference = str(error)[:300]
    return Outcome("wrong", difference) if difference else Outcome("right")


class Tracer:
    """A model and its graph, which is traced once where nothing is to be unrolled."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._is_unrolled = any(hasattr(layer, "unroll") for layer in model._flatten_layers())
        self._graphs: dict[bool, Graph] = {}

    def graph(self, *, unroll: bool) -> Graph:
        """As `graph.of_model`."""
        unroll = unroll and self._is_unrolled
        if unroll not in self._graphs:
            self._graphs[unroll] = graph.of_model(self.model, unroll=unroll)
        return self._graphs[unroll]


def predict(model: Any, samples: list[np.ndarray]) -> Any:
    given = [
        sample if spec.dtype == "string" else keras.ops.cast(sample, spec.dtype)
        for sample, spec in zip(samples, model.inputs, strict=True)
    ]
    if isinstance(model, keras.Sequential):
        return model(given[0], training=False)
    return model(keras.tree.pack_sequence_as(model.input, given), training=False)


def _arrays(outputs: Any) -> list[np.ndarray]:
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


_WRITERS: dict[str, Callable[[Tracer, Path], Path]] = {
    "layers-model": lambda tracer, folder: layers_model.write(tracer.model, folder)[0],
    "graph-model": lambda tracer, folder: graph_model.write(tracer.graph(unroll=True), folder)[0],
    "ONNX": lambda tracer, folder: onnx.write(tracer.graph(unroll=False), folder),
}


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

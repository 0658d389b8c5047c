"""Models predict in a dashboard, and in onnxruntime, what they predict in Keras."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.errors import ConversionError
from marcelle_rt.models import Converted, convert, graph_model, layers_model, onnx
from tests.support.models import parity_table as table
from tests.support.models.model_dashboard import Dashboard, opened, predict_by_onnxruntime
from tests.support.models.model_kind import spread_of
from tests.support.models.model_kinds import KINDS
from tests.support.sweep.compare import Tracer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOLERANCE = 1e-4
LEAST_SPREAD = 0.03
ON_ONE_WAY_AT_LEAST = ("layers-model", "graph-model")


def agree(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two sets of predictions are the same; never for such as would agree with anything."""
    assert spread_of(expected) > LEAST_SPREAD, "these samples hardly change what is predicted"
    return found.shape == expected.shape and float(np.max(np.abs(found - expected))) <= TOLERANCE


@pytest.fixture(autouse=True)
def same_weights_each_time() -> None:
    keras.utils.set_random_seed(5)


@pytest.fixture(scope="module")
def dashboard(browser: Browser, backend: Backend) -> Iterator[Dashboard]:
    with opened(browser, backend.url) as page:
        yield page


@pytest.fixture(scope="module")
def without_webgl(browser: Browser, backend: Backend) -> Iterator[Dashboard]:
    with opened(browser, backend.url, webgl=False) as page:
        yield page


class Measurements:
    """Compares each kind once, when it is first asked for."""

    def __init__(self, dashboard: Dashboard, without_webgl: Dashboard, directory: Path) -> None:
        self._dashboards = {True: dashboard, False: without_webgl}
        self._directory = directory
        self._rows: dict[str, table.Row] = {}

    def __getitem__(self, name: str) -> table.Row:
        if name not in self._rows:
            self._rows[name] = self._measure(name)
        return self._rows[name]

    def _measure(self, name: str) -> table.Row:
        kind = KINDS[name]
        model = kind.trained()
        samples = kind.samples(model)
        expected = np.asarray(model(samples, training=False), "float32")
        tracer = Tracer(model)
        cells: dict[str, bool | str] = {}
        for target, write in _WRITERS.items():
            folder = self._directory / f"{name}-{target}"
            folder.mkdir()
            try:
                found = write(tracer, folder, samples, self._dashboards[kind.webgl])
            except ConversionError as error:
                cells[target] = error.reason
            else:
                cells[target] = agree(found, expected)
        keras.backend.clear_session()
        return table.Row(kind.title, cells)


def _layers_model(tracer: Tracer, folder: Path, samples: np.ndarray, dashboard: Dashboard) -> np.ndarray:
    files = layers_model.write(tracer.model, folder)
    return dashboard.predict(Converted("tfjs", files, {"tfjsModelFormat": "layers-model"}), samples)


def _graph_model(tracer: Tracer, folder: Path, samples: np.ndarray, dashboard: Dashboard) -> np.ndarray:
    files = graph_model.write(tracer.graph(unroll=True), folder)
    return dashboard.predict(Converted("tfjs", files, {"tfjsModelFormat": "graph-model"}), samples)


def _onnx(tracer: Tracer, folder: Path, samples: np.ndarray, dashboard: Dashboard) -> np.ndarray:
    return predict_by_onnxruntime(onnx.write(tracer.graph(unroll=False), folder), samples)


_WRITERS = {"layers-model": _layers_model, "graph-model": _graph_model, "ONNX": _onnx}


@pytest.fixture(scope="module")
def measurements(
    dashboard: Dashboard, without_webgl: Dashboard, tmp_path_factory: pytest.TempPathFactory
) -> Measurements:
    return Measurements(dashboard, without_webgl, tmp_path_factory.mktemp("converted"))


@pytest.mark.parametrize("name", KINDS)
def test_a_converted_model_predicts_as_in_keras(name: str, measurements: Measurements) -> None:
    row = measurements[name]
    assert False not in row.cells.values(), f"{row.title} predicts something else: {row.cells}"
    assert True in (row.cells[target] for target in ON_ONE_WAY_AT_LEAST), f"{row.title} doesn't run in TF.js"
    assert row.cells["ONNX"] is True


def test_the_table_in_the_docs_says_what_was_measured(measurements: Measurements) -> None:
    measured = table.render([measurements[name] for name in KINDS])
    if os.environ.get("MARCELLE_RT_WRITE_DOCS"):
        table.write(measured)
    assert table.read() == measured, "MARCELLE_RT_WRITE_DOCS=1 pytest tests/models writes it anew"


def test_the_comparison_sees_two_exchanged_weights(dashboard: Dashboard, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(4, name="b")])
    samples = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    expected = np.asarray(model(samples))
    converted = convert(model, tmp_path, "tfjs")
    assert agree(dashboard.predict(converted, samples), expected)

    description = json.loads(converted.files[0].read_text())
    first, _, second, _ = description["weightsManifest"][0]["weights"]
    first["name"], second["name"] = second["name"], first["name"]
    converted.files[0].write_text(json.dumps(description))
    assert not agree(dashboard.predict(converted, samples), expected)


@pytest.mark.parametrize("name", ["mlp", "residual", "lstm", "nested"])
def test_a_layers_model_can_be_trained_further_in_the_page(
    name: str, dashboard: Dashboard, without_webgl: Dashboard, tmp_path: Path
) -> None:
    kind = KINDS[name]
    model = kind.trained()
    samples = kind.samples(model)
    targets = np.zeros(model(samples).shape, "float32")
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dropout)]
    for layer in layers:
        layer.rate = 0.0  # so that each epoch is better than the last
    # By WebGL recurrent layers are trained in tests/runs/remote/test_browser_models.py.
    page = without_webgl if name == "lstm" else dashboard
    losses = page.train(convert(model, tmp_path, "tfjs"), samples, targets, 3)
    assert losses[0] > losses[1] > losses[2]


def test_half_precision_predicts_nearly_the_same(dashboard: Dashboard, tmp_path: Path) -> None:
    model, samples = KINDS["cnn"].trained(), KINDS["cnn"].samples(KINDS["cnn"].build())
    full = convert(model, tmp_path / "full", "tfjs")
    half = convert(model, tmp_path / "half", "tfjs", quantize="float16")
    assert half.files[1].stat().st_size * 2 == full.files[1].stat().st_size
    np.testing.assert_allclose(dashboard.predict(half, samples), model(samples), atol=5e-3)


def test_a_model_that_computes_with_16_bits_becomes_one_with_32(dashboard: Dashboard, tmp_path: Path) -> None:
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    layers = [keras.layers.Dense(8, activation="gelu", dtype=policy), keras.layers.Dense(3, dtype="float32")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    samples = np.random.default_rng(1).normal(size=(3, 6)).astype("float32")
    converted = convert(model, tmp_path, "tfjs")
    assert converted.metadata == {"tfjsModelFormat": "graph-model"}
    assert "DT_HALF" not in converted.files[0].read_text()
    np.testing.assert_allclose(dashboard.predict(converted, samples), model(samples), atol=5e-3)
    assert layers[0].compute_dtype == "float16"


def test_weights_of_several_files_are_put_together(dashboard: Dashboard, tmp_path: Path) -> None:
    layers = [keras.layers.Dense(units) for units in (700, 2000, 2)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    samples = np.random.default_rng(1).normal(scale=9.0, size=(3, 3)).astype("float32")
    converted = convert(model, tmp_path, "tfjs")
    assert [file.stat().st_size for file in converted.files[1:-1]] == [4 * 1024 * 1024]
    assert len(converted.files) == 3
    assert agree(dashboard.predict(converted, samples), np.asarray(model(samples)))


def test_a_model_without_weights_predicts_in_a_page_with_webgl_and_in_one_without(
    dashboard: Dashboard, without_webgl: Dashboard, tmp_path: Path
) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Rescaling(2.0)])
    samples = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    converted = convert(model, tmp_path, "tfjs")
    for page, way in ((dashboard, "webgl"), (without_webgl, "cpu")):
        assert agree(page.predict(converted, samples), samples * 2)
        assert page.computes_by() == way

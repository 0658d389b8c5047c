"""Large models, whose weights are kept beside their graphs: here all models count as large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import convert, disk, graph, onnx
from marcelle_rt.models.apart import lending
from marcelle_rt.models.onnx_files import reading
from tests.support.models.model_kind import sequential
from tests.support.sweep.case import Case, give_weights, parse
from tests.support.sweep.compare import Comparison, differ
from tests.support.sweep.names import NAMES
from tests.support.sweep.runners import Tfjs

CASES = """
4 8 | MultiHeadAttention(2, 3)(a, a)
4 8 | Dense(3, activation="gelu")(Conv1D(5, 2)(a))
6 6 4 | Conv2D(4, 2, groups=2)(Conv2DTranspose(4, 3, strides=2)(SeparableConv2D(4, 3)(a)))
4 8 | Bidirectional(GRU(3))(LSTM(4, return_sequences=True)(a))
4 8 | LSTM(4, dtype="mixed_bfloat16")(Dense(6, dtype="int8_from_float32")(a))
"""


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "LARGE", 0)
    monkeypatch.setattr(lending, "MOST_WITHIN", 10)


def gelu() -> Any:
    """A model that becomes a graph-model: its kernels have 12 numbers each."""
    model = sequential((4,), layers.Dense(3, activation="gelu"), layers.Dense(4, use_bias=False))
    give_weights(model)
    return model


@pytest.mark.parametrize("case", parse(CASES, NAMES), ids=lambda case: case.name)
def test_a_large_model_predicts_what_it_does_in_keras(case: Case, compare: Comparison) -> None:
    outcomes = compare(case, ("graph-model", "ONNX"))
    assert [outcome.verdict for outcome in outcomes.values()] == ["right", "right"], outcomes


def test_weights_stay_out_of_the_graph_and_what_is_computed_of_them_alone_is_computed_once(tmp_path: Path) -> None:
    class Positive(layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")

        def call(self, x: Any) -> Any:
            return keras.ops.matmul(x, keras.ops.exp(self.kernel))

    model = sequential((6, 6, 4), Positive(), layers.Conv2D(3, 2, use_bias=False))
    give_weights(model)
    made = graph.of_model(model, unroll=False)
    assert not {"Exp", "Transpose"} & {node.op for node in made.definition.node}
    convolution, positive = made.weights.values()
    np.testing.assert_array_equal(convolution, model.weights[1])
    np.testing.assert_allclose(positive, np.exp(model.weights[0]), rtol=1e-6)

    written, _ = reading.read(onnx.write(made, tmp_path))
    assert [item.name for item in written.graph.input] == ["input_0"]
    initializers = {item.name for item in written.graph.initializer}
    assert not [node for node in written.graph.node if initializers.issuperset(node.input)]


def test_the_weights_of_a_saved_model_are_taken_out_of_its_graph(tmp_path: Path, tfjs: Tfjs) -> None:
    model = gelu()
    saved = disk.save(model, tmp_path, "saved", "saved_model")
    assert sorted(array.size for array in graph.of_saved_model(saved).weights.values()) == [12, 12]
    samples = np.linspace(-1.0, 1.0, 8, dtype="float32").reshape(2, 4)
    found = tfjs.predict(convert(saved, tmp_path / "web", "tfjs").files[0], [samples])
    assert not differ(found, [np.asarray(model(samples))])


def test_more_weights_than_a_file_or_a_graph_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = gelu()
    saved = disk.save(model, tmp_path, "saved", "saved_model")
    monkeypatch.setattr(reading, "LIMIT", 90)
    with pytest.raises(ConversionError, match="pages load at most 2 GB"):
        convert(model, tmp_path, "onnx")
    monkeypatch.setattr(graph, "LIMIT", 90)
    with pytest.raises(ConversionError, match=r"graphs of at most 2 GB.*h5 or keras"):
        convert(saved, tmp_path, "tfjs")
    # What is lent is not in the graph, so that only the three numbers of the bias count.
    assert convert(model, tmp_path, "tfjs").metadata == {"tfjsModelFormat": "graph-model"}

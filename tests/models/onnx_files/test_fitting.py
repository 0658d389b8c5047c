"""ONNX files of anybody's become ones that pages load and read, or an error says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from marcelle_rt.errors import ConversionError
from marcelle_rt.models.onnx_files.fitting import Fitted, fit, fit_file
from tests.support.models.onnx_graphs import classifier, model_of, saved


def run(fitted: Fitted, samples: Any) -> dict[str, Any]:
    """What onnxruntime predicts for samples of 32-bit floats."""
    session = onnxruntime.InferenceSession(fitted.model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {session.get_inputs()[0].name: np.asarray(samples, "float32")})
    return dict(zip(names, answers, strict=True))


def test_a_zip_map_is_cut_and_text_labels_become_indices_with_their_names_beside() -> None:
    fitted = fit(classifier(), "c.onnx")

    answer = run(fitted, [[0, 1, 0]])
    assert fitted.metadata == {"labels": ["cat", "dog", "owl"], "inputShape": [1, 3]}
    assert answer["label"].dtype == np.int64
    assert answer["label"].tolist() == [2]
    np.testing.assert_allclose(answer["probabilities"], [np.exp([0, 1, 3]) / np.exp([0, 1, 3]).sum()], rtol=1e-6)
    assert any("ZipMap" in remark for remark in fitted.remarks)
    assert any("index" in remark for remark in fitted.remarks)


def test_text_labels_whose_names_are_nowhere_are_asked_for() -> None:
    fitted = fit(classifier(zip_map=False), "c.onnx")

    assert run(fitted, [[0, 1, 0]])["label"].tolist() == [2]
    assert "labels" not in fitted.metadata
    assert any('metadata={"labels"' in remark for remark in fitted.remarks)
    assert fit(classifier(zip_map=False), "c.onnx", ["a", "b", "c"]).metadata["labels"] == ["a", "b", "c"]


def test_labels_of_the_users_own_come_first_and_are_counted() -> None:
    fitted = fit(classifier(), "c.onnx", ["Katze", "Hund"])

    assert fitted.metadata["labels"] == ["Katze", "Hund"]
    assert any("3 classes apart, and there are 2 labels" in remark for remark in fitted.remarks)


def test_a_network_that_ends_in_a_softmax_becomes_a_classifier_where_labels_are_given() -> None:
    model = model_of("scores = MatMul (x, w) y = Softmax <axis = 1> (scores)", "float[N, 3] y")
    fitted = fit(model, "n.onnx", ["a", "b", "c"])

    answer = run(fitted, [[0, 1, 0], [5, 0, 0]])
    assert answer["label"].tolist() == [2, 1]
    np.testing.assert_allclose(answer["probabilities"].sum(axis=1), [1, 1], rtol=1e-6)


def test_a_network_without_a_softmax_stays_as_it_is_and_that_is_said() -> None:
    fitted = fit(model_of("y = MatMul (x, w)", "float[N, 3] y"), "n.onnx", ["a", "b", "c"])

    assert run(fitted, [[0, 1, 0]])["y"].tolist() == [[0, 1, 3]]
    assert any("end it with a softmax" in remark for remark in fitted.remarks)


def test_what_has_nothing_to_mend_stays_the_same() -> None:
    model = model_of("y = MatMul (x, w)", "float[N, 3] y")
    before = model.SerializeToString()
    fitted = fit(model, "n.onnx")

    assert fitted.model.SerializeToString() == before
    assert fitted.remarks == []


@pytest.mark.parametrize("kind", ["double", "int64", "float16"])
def test_another_type_of_numbers_is_cast_from_the_floats_that_a_page_feeds(kind: str) -> None:
    model = model_of("c = Cast <to = 1> (x) y = MatMul (c, w)", "float[N, 3] y", inputs=f"{kind}[N, 3] x")
    fitted = fit(model, "n.onnx")

    assert run(fitted, [[0, 1, 0]])["y"].tolist() == [[0, 1, 3]]
    (remark,) = fitted.remarks
    assert "float32" in remark


def test_what_takes_texts_is_refused_by_the_inputs_name() -> None:
    model = model_of("y = Identity (x)", "string[N, 3] y", inputs="string[N, 3] x")

    with pytest.raises(ConversionError, match=r"input 'x' of n\.onnx: it is not a tensor of numbers"):
        fit(model, "n.onnx")


def test_two_inputs_and_a_fixed_batch_are_said() -> None:
    two = model_of("y = Add (x, z)", "float[N, 3] y", inputs="float[N, 3] x, float[N, 3] z")
    batch = model_of("y = MatMul (x, w)", "float[32, 3] y", inputs="float[32, 3] x")

    assert "2 inputs (x, z)" in fit(two, "n.onnx").remarks[0]
    assert "32 instances at once" in fit(batch, "n.onnx").remarks[0]


def test_versions_that_older_runtimes_do_not_load_are_lowered() -> None:
    model = model_of("r = Relu (x) y = MatMul (r, w)", "float[N, 3] y", opset=20, ir=10)
    fitted = fit(model, "n.onnx")

    assert (fitted.model.ir_version, [opset.version for opset in fitted.model.opset_import]) == (8, [18, 3])
    assert fitted.remarks == []
    assert run(fitted, [[-1, 1, 0]])["y"].tolist() == [[0, 1, 3]]


def test_an_operator_that_older_versions_do_not_have_stays_and_is_named() -> None:
    model = model_of("g = Gelu (x) y = MatMul (g, w)", "float[N, 3] y", opset=20, ir=10)
    fitted = fit(model, "n.onnx")

    assert [opset.version for opset in fitted.model.opset_import] == [20, 3]
    assert "(Gelu can't be stepped down: No Previous Version of Gelu exists)" in fitted.remarks[0]
    assert "opset 18" in fitted.remarks[0]


def test_functions_of_the_files_own_are_written_out_so_that_their_operators_are_lowered_too() -> None:
    model = model_of("y = ReduceMax <keepdims = 1> (x)", "float[N, 1] y", opset=20, ir=10)
    versions = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("own", "highest", ["x"], ["y"], model.graph.node, versions))
    model.opset_import.append(helper.make_opsetid("own", 1))
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("highest", ["x"], ["y"], domain="own"))
    fitted = fit(model, "n.onnx")

    assert (fitted.remarks, len(fitted.model.functions)) == ([], 0)
    assert fitted.model.opset_import[0].version == 18
    assert run(fitted, [[0, 2, 1]])["y"].tolist() == [[2]]


def big(path: Path) -> Any:
    weights = numpy_helper.from_array(np.ones((64, 64), "float32"), "big")
    model = model_of("y = MatMul (x, big)", "float[N, 64] y", inputs="float[N, 64] x, float[64, 64] big")
    del model.graph.input[1]
    model.graph.initializer.append(weights)
    return saved(model, path, save_as_external_data=True, location="weights.data", size_threshold=100)


def test_weights_that_lie_beside_the_file_are_taken_in(tmp_path: Path) -> None:
    fitted = fit_file(big(tmp_path / "m.onnx"))
    (tmp_path / "weights.data").unlink()

    assert run(fitted, np.ones((1, 64)))["y"].tolist() == [[64.0] * 64]
    assert "weights.data" in fitted.remarks[0]


def test_weights_of_branches_are_taken_in_too(tmp_path: Path) -> None:
    def branch(name: str, value: float) -> Any:
        weights = numpy_helper.from_array(np.full((3, 64), value, "float32"), f"{name}_w")
        node = helper.make_node("MatMul", ["x", f"{name}_w"], [name])
        output = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 64])
        return helper.make_graph([node], name, [], [output], [weights])

    model = model_of("y = Identity (x)", "float[N, 64] y")
    del model.graph.node[:]
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "which"))
    branches = {"then_branch": branch("then", 2), "else_branch": branch("else", 3)}
    model.graph.node.append(helper.make_node("If", ["which"], ["y"], **branches))
    path = tmp_path / "m.onnx"
    options = {"save_as_external_data": True, "location": "w.data", "size_threshold": 100, "convert_attribute": True}
    saved(model, path, **options)
    fitted = fit_file(path)
    (tmp_path / "w.data").unlink()

    assert run(fitted, np.ones((1, 3)))["y"].tolist() == [[6.0] * 64]
    assert "w.data" in fitted.remarks[0]


def test_weights_that_are_not_there_are_named_with_the_way_out(tmp_path: Path) -> None:
    path = big(tmp_path / "m.onnx")
    (tmp_path / "weights.data").unlink()

    with pytest.raises(ConversionError, match=r"weights\.data, which is not beside it.*external_data=False"):
        fit_file(path)


def test_weights_from_elsewhere_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    path = big(tmp_path / "inner" / "m.onnx")
    (tmp_path / "inner" / "weights.data").rename(tmp_path / "weights.data")
    model = onnx.load(str(path), load_external_data=False)
    for entry in model.graph.initializer[-1].external_data:
        if entry.key == "location":
            entry.value = "../weights.data"
    path.write_bytes(model.SerializeToString())

    with pytest.raises(ConversionError, match="not beside it"):
        fit_file(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip file, perhaps", b"\x00" * 100, b"hello"])
def test_what_is_not_onnx_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)

    with pytest.raises(ConversionError, match=r"missing or empty|not an ONNX file"):
        fit_file(path)


def test_a_file_of_three_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)

    with pytest.raises(ConversionError, match=r"3\.0 GB, and pages load at most 2 GB"):
        fit_file(path)


def test_a_graph_that_is_not_valid_is_refused(tmp_path: Path) -> None:
    model = model_of("y = MatMul (x, w)", "float[N, 3] y")
    model.graph.node[0].op_type = "NoSuchOp"

    with pytest.raises(ConversionError, match="not valid"):
        fit_file(saved(model, tmp_path / "m.onnx"))


def test_averages_over_the_edge_are_said_where_their_padding_is_found_out() -> None:
    body = 'y = AveragePool <kernel_shape = [2, 2], strides = [2, 2], auto_pad = "SAME_UPPER", ceil_mode = {}> (x)'
    rounded_up, plain = (
        model_of(body.format(mode), "float[N, 1, H, W] y", inputs="float[N, 1, H, W] x") for mode in (1, 0)
    )

    assert any("1.15" in remark and "ceil_mode" in remark for remark in fit(rounded_up, "n.onnx").remarks)
    assert fit(plain, "n.onnx").remarks == []

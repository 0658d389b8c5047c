"""Small integers are compared as those of 32 bits, which every runtime can."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from marcelle_rt.models.onnx_files.comparing import settle_comparisons
from marcelle_rt.models.onnx_files.running import run
from tests.support.models.onnx_graphs import model_of


def test_integers_of_eight_bits_are_compared_as_those_of_32_and_the_others_as_they_are() -> None:
    body = """
        narrow = Cast <to = 2> (x)
        other = Cast <to = 2> (w)
        same = Equal (narrow, other)
        more = Less (x, w)
        both = Or (same, more)
        y = Cast <to = 1> (both)
    """
    model = model_of(body, "float[N, 3] y")
    for name in ("narrow", "other"):
        model.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.UINT8, [None, 3]))
    batch = np.array([[1, 3, 0], [0, 0, 3], [2, 0, 2]], "float32")
    expected = run(model, batch)["y"]

    settle_comparisons(model)

    assert [node.op_type for node in model.graph.node] == [
        "Cast",
        "Cast",
        "Cast",
        "Cast",
        "Equal",
        "Less",
        "Or",
        "Cast",
    ]
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(run(model, batch)["y"], expected)

"""ONNX graphs carried over to TF.js' ops, which TensorFlow has by the same names, and so can try out here."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import tensorflow as tf

from marcelle_rt.models.from_onnx.graph_model import carry_over
from marcelle_rt.models.onnx_files.running import run
from tests.support.models.onnx_graphs import model_of


def answer_of(model: Any, instance: Any) -> Any:
    """What the graph that a model is carried over to answers, op by op."""
    sheet, ((_, output, _, _),) = carry_over(model, instance)
    values: dict[str, Any] = {name: tf.constant(array) for name, array in sheet.weights.items()}
    for node in sheet.nodes:
        given = [values[name] for name in node.get("input", [])]
        if node["op"] == "Placeholder":
            values[node["name"]] = tf.constant(instance)
        elif node["op"] == "Cast":
            kind = tf.as_dtype(node["attr"]["DstT"]["type"].removeprefix("DT_").lower().replace("float", "float32"))
            values[node["name"]] = tf.cast(given[0], kind)
        elif node["op"] != "Const":
            op = getattr(tf.raw_ops, node["op"])
            values[node["name"]] = op(**dict(zip(inspect.signature(op).parameters, given, strict=False)))
    return values[output.removesuffix(":0")].numpy()


def test_whole_numbers_are_divided_towards_zero() -> None:
    body = """
        n = Cast <to = 6> (x)
        d = Constant <value = int32[4] {2, -2, 3, -3}> ()
        q = Div (n, d)
        y = Cast <to = 1> (q)
    """
    model = model_of(body, "float[1, 4] y", "float[1, 4] x")
    for numbers in ([-7, -7, 7, 7], [7, 7, -7, -7], [6, -6, 0, 1]):
        instance = np.array([numbers], "float32")
        right = run(model, instance)["y"]
        assert answer_of(model, instance).tolist() == right.tolist()
        assert right.tolist() == np.trunc(np.array([numbers]) / [2, -2, 3, -3]).tolist()

"""Small ONNX models, as other programs than ours write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper


def model_of(body: str, outputs: str, inputs: str = "float[N, 3] x", opset: int = 17, ir: int = 8) -> Any:
    """A model with the weight `w`, a 3 x 3 matrix, from ONNX' own text form."""
    text = f"""
        <ir_version: {ir}, opset_import: ["" : {opset}, "ai.onnx.ml" : 3]>
        graph ({inputs}) => ({outputs}) <float[3, 3] w = {{1, 2, 0, 0, 1, 3, 2, 0, 1}}> {{ {body} }}
    """
    model = onnx.parser.parse_model(text)
    onnx.checker.check_model(model)
    return model


def saved(model: Any, path: Path, **options: Any) -> Path:
    """Writes a model, and gives its path."""
    onnx.save(model, str(path), **options)
    return path


def classifier(zip_map: bool = True) -> Any:
    """A classifier with text labels, whose probabilities are dictionaries, as skl2onnx makes it by default."""
    body = """
        place = ArgMax <axis = 1, keepdims = 0> (scores)
        names = Constant <value_strings = ["cat", "dog", "owl"]> ()
        output_label = Gather <axis = 0> (names, place)
    """
    body = f"scores = MatMul (x, w) probabilities = Softmax <axis = 1> (scores) {body}"
    model = model_of(body, "string[N] output_label, float[N, 3] probabilities")
    if zip_map:
        node = helper.make_node(
            "ZipMap",
            ["probabilities"],
            ["output_probability"],
            domain="ai.onnx.ml",
            classlabels_strings=["cat", "dog", "owl"],
        )
        model.graph.node.append(node)
        del model.graph.output[1]
        key = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        model.graph.output.append(helper.make_value_info("output_probability", helper.make_sequence_type_proto(key)))
        onnx.checker.check_model(model)
    return model

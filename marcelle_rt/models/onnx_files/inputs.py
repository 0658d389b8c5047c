"""What a page feeds: one tensor of 32-bit floats, for one instance."""

from __future__ import annotations

from typing import Any

from ...errors import ConversionError
from .graphs import free_name, rename, shape_of
from .reading import TARGET


def take_floats(model: Any, name: str) -> tuple[list[int] | None, list[str]]:
    """Makes a model take 32-bit floats, whatever it computes with.

    Args:
        model: A `ModelProto`; it is changed.
        name: What it is called, for messages.

    Returns:
        The shape that a page gives its input, batch included, or `None` where a dimension is open; and a sentence for
        each change and for what a page can't feed.

    Raises:
        ConversionError: The input is not a tensor of numbers.
    """
    from onnx import TensorProto

    graph = model.graph
    weights = {item.name for item in graph.initializer}
    inputs = [item for item in graph.input if item.name not in weights]
    remarks = []
    for item in inputs:
        kind = item.type.tensor_type.elem_type
        if not item.type.HasField("tensor_type") or kind in (TensorProto.STRING, TensorProto.UNDEFINED):
            reason = "pages feed numbers; do what comes before in Python, or in the page"
            raise ConversionError(TARGET, f"input {item.name!r} of {name}", f"it is not a tensor of numbers; {reason}")
        if kind == TensorProto.FLOAT:
            continue
        inner = free_name(graph, f"{item.name}_cast")
        _feed(graph, item, inner, kind)
        was = TensorProto.DataType.Name(kind).lower()
        remarks.append(f"its input {item.name!r} was {was}, and pages feed float32: a Cast was put before it")
    if len(inputs) != 1:
        listed = ", ".join(item.name for item in inputs) or "none"
        remarks.append(f"it has {len(inputs)} inputs ({listed}), and Marcelle's onnxModel feeds one")
        return None, remarks
    shape = shape_of(inputs[0])
    if shape and shape[0] not in (None, 1):
        remarks.append(f"it takes {shape[0]} instances at once, and pages feed one; export it with an open batch")
    found = [1, *(size for size in shape[1:] if size)]
    return (found if shape and len(found) == len(shape) else None), remarks


def _feed(graph: Any, item: Any, inner: str, kind: int) -> None:
    from onnx import TensorProto, helper

    name = item.name
    rename(graph, name, inner)
    item.name = name
    item.type.tensor_type.elem_type = TensorProto.FLOAT
    graph.node.insert(0, helper.make_node("Cast", [name], [inner], to=kind, name=f"{inner}_node"))

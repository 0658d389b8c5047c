"""What a page reads of a classifier: `label`, an index, and `probabilities`, a tensor; the names go beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graphs import attributes, free_name, keep_only, rename, shape_of

LABEL, PROBABILITIES = "label", "probabilities"

_CLASSES = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


def name_outputs(model: Any, labels: Sequence[Any] | None) -> tuple[list[Any] | None, list[str]]:
    """Gives a classifier the outputs that a page's `onnxModel({taskType: 'classification'})` reads.

    Args:
        model: A `ModelProto`; it is changed where it is a classifier.
        labels: The names of its classes in the order of their indices, where the user has given them.

    Returns:
        The names of the classes, given or found in the file, and a sentence for each change; no names of what isn't
        a classifier, or of one whose classes are their indices.
    """
    graph = model.graph
    names, remarks = _cut_zip_maps(graph)
    pair = _pair(graph)
    if pair is None:
        return _of_scores(model, labels, remarks)
    label, scores = pair
    names = names or _named_classes(graph, label.name)
    by_index = _is_integer(label) and (names is None or names == list(range(len(names))))
    _rename_output(graph, scores, PROBABILITIES)
    if by_index:
        _rename_output(graph, label, LABEL)
    else:
        _label_by_index(model, label, names)
        remarks.append("its label is an index now, and the names of its classes are in the metadata's `labels`")
    if names is None and not by_index and labels is None:
        remarks.append('the names of its classes are not in the file; give them: metadata={"labels": [...]}')
    found = None if by_index or names is None else [str(name) for name in names]
    ordered, swapped = in_order(labels, names)
    chosen = ordered if ordered is not None else found
    return chosen, remarks + swapped + _check_count(chosen, scores)


def in_order(labels: Sequence[Any] | None, names: Sequence[Any] | None) -> tuple[list[Any] | None, list[str]]:
    """Labels as they belong to a model's classes: the same names in another order would swap its answers.

    Args:
        labels: Those that the user has given, if any.
        names: The names of the classes in the order of their indices, where the model has such.

    Returns:
        The labels, in the classes' order where they are the classes' own names, and a sentence if that changed them.
    """
    if labels is None:
        return None, []
    own = [str(name) for name in names or ()]
    given = [str(label) for label in labels]
    if given == own or sorted(given) != sorted(own):
        return list(labels), []
    return list(own), [f"the labels are in another order than its classes, and are put into that: {', '.join(own)}"]


def _of_scores(model: Any, labels: Sequence[Any] | None, remarks: list[str]) -> tuple[list[Any] | None, list[str]]:
    """A network with labels whose one output ends in a softmax is a classifier too."""
    from onnx import TensorProto, helper

    graph = model.graph
    if labels is None:
        return None, remarks
    scores = graph.output[0]
    is_float = scores.type.tensor_type.elem_type == TensorProto.FLOAT
    if len(graph.output) != 1 or not is_float or len(shape_of(scores)) != 2 or not _ends_in_softmax(graph, scores.name):
        way_out = "or use taskType 'generic', and end it with a softmax to make it a classifier"
        return list(labels), [*remarks, f"its outputs aren't `label` and `probabilities`; name them so, {way_out}"]
    _rename_output(graph, scores, PROBABILITIES)
    label = graph.output.add()
    label.CopyFrom(helper.make_tensor_value_info(LABEL, TensorProto.INT64, _batch(scores)))
    graph.node.append(_arg_max())
    remarks = [*remarks, "its output is called `probabilities` now, and has an index `label` beside it"]
    return list(labels), remarks + _check_count(list(labels), scores)


def _check_count(labels: list[Any] | None, scores: Any) -> list[str]:
    columns = (shape_of(scores) or [None])[-1]
    if labels is None or not columns or columns == len(labels):
        return []
    return [f"it tells {columns} classes apart, and there are {len(labels)} labels"]


def _pair(graph: Any) -> tuple[Any, Any] | None:
    """The outputs with the label and with the probabilities, if it has such."""
    from onnx import TensorProto

    if len(graph.output) != 2:
        return None
    kinds = [output.type.tensor_type.elem_type for output in graph.output]
    whole = [kind in (TensorProto.STRING, TensorProto.INT64, TensorProto.INT32) for kind in kinds]
    if whole == [True, False]:
        return graph.output[0], graph.output[1]
    if whole == [False, True] and {output.name for output in graph.output} == {LABEL, PROBABILITIES}:
        return graph.output[1], graph.output[0]
    return None


def _is_integer(output: Any) -> bool:
    from onnx import TensorProto

    return bool(output.type.tensor_type.elem_type in (TensorProto.INT64, TensorProto.INT32))


def _cut_zip_maps(graph: Any) -> tuple[list[Any] | None, list[str]]:
    """A ZipMap makes a list of dictionaries of the probabilities, which a page can't read."""
    from onnx import TensorProto, helper

    names, remarks = None, []
    for node in [node for node in graph.node if node.op_type == "ZipMap"]:
        output = next((output for output in graph.output if output.name == node.output[0]), None)
        if output is None:
            continue
        names = _class_attribute(node)
        keep_only(graph.node, [other for other in graph.node if other is not node])
        columns = len(names) if names else None
        output.CopyFrom(helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, [None, columns]))
        remarks.append("its probabilities are a tensor now, where a ZipMap made a dictionary of them")
    return names, remarks


def _class_attribute(node: Any) -> list[Any] | None:
    given = attributes(node)
    for name in _CLASSES:
        if given.get(name):
            return [value.decode() if isinstance(value, bytes) else value for value in given[name]]
    return None


def _named_classes(graph: Any, tensor: str) -> list[Any] | None:
    """The classes that a label is chosen from, found on the way back from it."""
    from onnx import numpy_helper

    makers = {output: node for node in graph.node for output in node.output}
    weights = {item.name: item for item in graph.initializer}
    waiting, seen = [tensor], set()
    while waiting:
        node = makers.get(waiting.pop(0))
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if (names := _class_attribute(node)) is not None:
            return names
        if node.op_type == "ArrayFeatureExtractor" and node.input[0] in weights:
            values = numpy_helper.to_array(weights[node.input[0]]).ravel().tolist()
            return [value.decode() if isinstance(value, bytes) else value for value in values]
        waiting += node.input
    return None


def _rename_output(graph: Any, output: Any, name: str) -> None:
    if output.name != name:
        rename(graph, output.name, name)


def _label_by_index(model: Any, label: Any, names: list[Any] | None) -> None:
    """Puts the index of the label that the model would say in its place: by its name, or else the highest score's."""
    from onnx import TensorProto, helper

    graph = model.graph
    scores = next(output for output in graph.output if output.name == PROBABILITIES)
    is_integer, said = _is_integer(label), free_name(graph, "class_name")
    rename(graph, label.name, said)
    label.CopyFrom(helper.make_tensor_value_info(LABEL, TensorProto.INT64, _batch(scores)))
    if names is None or any(isinstance(name, int) is not is_integer for name in names) or not _has_encoder(model):
        graph.node.append(_arg_max())
        return
    # Decision values, as an SVC has them, can be highest for another class than the one that is said.
    node = helper.make_node("LabelEncoder", [said], [LABEL], "index_of_the_label", domain="ai.onnx.ml")
    places = {f"keys_{'int64s' if is_integer else 'strings'}": names, "values_int64s": range(len(names))}
    node.attribute.extend(helper.make_attribute(key, value) for key, value in places.items())
    graph.node.append(node)


def _has_encoder(model: Any) -> bool:
    """Whether the operator that finds places in a list is there, in its second version; raises it where it can."""
    opset = next((opset for opset in model.opset_import if opset.domain == "ai.onnx.ml"), None)
    if opset is not None and opset.version < 2 and all(node.op_type != "LabelEncoder" for node in model.graph.node):
        opset.version = 2  # no other operator has changed
    return opset is not None and opset.version >= 2


def _arg_max() -> Any:
    from onnx import helper

    return helper.make_node("ArgMax", [PROBABILITIES], [LABEL], axis=1, keepdims=0, name="label_of_the_highest")


def _batch(scores: Any) -> list[int | None]:
    return shape_of(scores)[:1] or [None]


def _ends_in_softmax(graph: Any, tensor: str) -> bool:
    makers = {output: node for node in graph.node for output in node.output}
    node = makers.get(tensor)
    while node is not None and node.op_type in ("Identity", "Cast", "Reshape", "Squeeze"):
        node = makers.get(node.input[0])
    return node is not None and node.op_type == "Softmax"

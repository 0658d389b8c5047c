"""Writes a graph anew, op by op: functions are taken apart, types replaced, and some ops written by others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import ConversionError
from ..reasons import first_line
from .frozen import End, Graph, dimensions

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rule = Callable[["Op"], Any]
"""Gives what replaces an op's outputs (a tensor, or a list of them), or None if the op stays as it is."""

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


@dataclass(frozen=True)
class Op:
    """An op on the way into another graph.

    Attributes:
        old: TensorFlow's op in the old graph.
        inputs: The tensors that it takes in the new one.
        target: What is being written, for messages.
    """

    old: Any
    inputs: list[Any]
    target: str

    @property
    def type(self) -> str:
        return str(self.old.type)

    def attribute(self, name: str) -> Any:
        """The value of an attribute."""
        return self.old.get_attr(name)

    def constant(self, index: int) -> Any:
        """The array that an input always is, or None."""
        import tensorflow as tf

        return tf.get_static_value(self.inputs[index])

    def shape(self, index: int) -> list[int | None] | None:
        """An input's shape, None where it is open; None if not even its rank is known."""
        shape = self.inputs[index].shape
        return None if shape.rank is None else list(shape.as_list())

    def refuse(self, reason: str) -> NoReturn:
        """Raises a ConversionError that names this op."""
        raise ConversionError(self.target, f"op {self.type} (at {self.old.name})", reason)


def rewritten(graph: Graph, target: str, rules: Mapping[str, Rule], types: Mapping[Any, Any] | None = None) -> Graph:
    """A graph that computes the same by other ops.

    What its outputs don't need is left out.

    Args:
        graph: A frozen graph.
        target: What it is written for, for messages.
        rules: How to write the ops of a type.
        types: Which types take the place of which.

    Raises:
        ConversionError: If a rule refuses an op.
    """
    import tensorflow as tf

    old, new = tf.Graph(), tf.Graph()
    with old.as_default():
        tf.graph_util.import_graph_def(graph.definition, name="")
    with new.as_default():
        # The bodies of loops, which stay functions.
        tf.graph_util.import_graph_def(_functions(graph.definition, types or {}), name="")
        functions = {function.signature.name: function for function in graph.definition.library.function}
        writer = _Writer(old, functions, new, target, rules, types or {})
        outputs = [old.get_tensor_by_name(end.tensor) for end in graph.outputs]
        inputs = [old.get_tensor_by_name(end.tensor) for end in graph.inputs]
        needed = _needed(outputs)
        writer.copy([*(tensor.op for tensor in inputs), *needed])
        ends = [
            [_moved(end, writer.tensor(tensor)) for end, tensor in zip(row, tensors, strict=True)]
            for row, tensors in ((graph.inputs, inputs), (graph.outputs, outputs))
        ]
    weights = {}
    for op in needed:
        if op.name in graph.weights:
            moved = writer.tensor(op.outputs[0])
            refuse = functools.partial(_refuse_constant, op.name)
            weights[moved.op.name] = _as_numbers(graph.weights[op.name], moved.dtype, refuse)
    return replace(graph, definition=new.as_graph_def(), inputs=ends[0], outputs=ends[1], weights=weights)


def needed_ops(graph: Graph, target: str) -> list[Op]:
    """The ops that a graph is computed by, each after those that it needs itself.

    Args:
        graph: A graph whose functions were taken apart.
        target: What it is written for, for messages.
    """
    import tensorflow as tf

    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(graph.definition, name="")
    inputs, outputs = ([whole.get_tensor_by_name(end.tensor) for end in row] for row in (graph.inputs, graph.outputs))
    ops = dict.fromkeys([*(tensor.op for tensor in inputs), *_needed(outputs)])
    return [Op(op, list(op.inputs), target) for op in ops]


def _moved(end: End, tensor: Any) -> End:
    shape = dimensions(tensor.shape) or end.shape
    return replace(end, tensor=tensor.name, dtype=tensor.dtype.as_datatype_enum, shape=shape)


def _needed(outputs: Iterable[Any]) -> list[Any]:
    """The ops that some tensors are computed by, each after those that it needs itself."""
    done: dict[Any, None] = {}
    stack = [(tensor.op, False) for tensor in reversed(list(outputs))]
    opened = set()
    while stack:
        op, is_ready = stack.pop()
        if is_ready:
            done[op] = None
        elif op not in opened:
            opened.add(op)
            stack.append((op, True))
            stack.extend((tensor.op, False) for tensor in op.inputs if tensor.op not in opened)
    return list(done)


class _Writer:
    """Copies ops into a graph, and knows which tensor became which."""

    def __init__(
        self,
        source: Any,
        functions: Mapping[str, Any],
        graph: Any,
        target: str,
        rules: Mapping[str, Rule],
        types: Mapping[Any, Any],
    ) -> None:
        self._source = source
        self._functions = functions
        self._graph = graph
        self._target = target
        self._rules = rules
        self._types = types
        self._tensors: dict[Any, Any] = {}

    def tensor(self, old: Any) -> Any:
        """What a tensor of the old graph is in the new one."""
        return self._tensors[old.ref()]

    def copy(self, ops: Iterable[Any]) -> None:
        """Copies ops, each of which comes after those that it needs."""
        for old in ops:
            if old.outputs and old.outputs[0].ref() in self._tensors:
                continue
            op = Op(old, [self.tensor(tensor) for tensor in old.inputs], self._target)
            for tensor, moved in zip(old.outputs, self._written(op), strict=True):
                self._tensors[tensor.ref()] = moved

    def _written(self, op: Op) -> list[Any]:
        if op.type in CALLS:
            return self._called(op)
        rule = self._rules.get(op.type)
        if rule is not None:
            with self._graph.name_scope("rewritten/"):
                result = rule(op)
            if result is not None:
                return list(result) if isinstance(result, list | tuple) else [result]
        return self._as_it_is(op)

    def _as_it_is(self, op: Op) -> list[Any]:
        attributes = {
            key: _replaced(value, self._types, op.refuse)
            for key, value in op.old.node_def.attr.items()
            if not key.startswith("_")
        }
        types = [self._types.get(tensor.dtype, tensor.dtype) for tensor in op.old.outputs]
        try:
            copied = self._graph.create_op(op.type, op.inputs, types, name=op.old.name, attrs=attributes)
        except (TypeError, ValueError) as error:
            op.refuse(f"it can't be written anew. {first_line(error)}")
        for tensor, old in zip(copied.outputs, op.old.outputs, strict=True):
            if old.shape.rank is not None and tensor.shape.is_compatible_with(old.shape):
                tensor.set_shape(old.shape)
        # Some have a type that no attribute says.
        return [_as_type(tensor, types[index]) for index, tensor in enumerate(copied.outputs)]

    def _called(self, op: Op) -> list[Any]:
        """The ops of a function in the place of its call."""
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

        with self._source.as_default():
            definition = self._functions[op.attribute("f").name]
            body = function_def_to_graph(definition, [tensor.shape for tensor in op.inputs])
        for parameter, given in zip(body.inputs, op.inputs, strict=True):
            self._tensors[parameter.ref()] = given
        self.copy(_needed(body.outputs))
        return [self.tensor(tensor) for tensor in body.outputs]


def _as_type(tensor: Any, dtype: Any) -> Any:
    import tensorflow as tf

    return tensor if tensor.dtype == dtype else tf.cast(tensor, dtype)


def _functions(definition: Any, types: Mapping[Any, Any]) -> Any:
    """The functions of a graph, with other types."""
    functions = type(definition)(library=definition.library, versions=definition.versions)
    for function in functions.library.function if types else ():
        for end in (*function.signature.input_arg, *function.signature.output_arg):
            end.type = _type(end.type, types)
        for node in function.node_def:
            for value in node.attr.values():
                value.CopyFrom(_replaced(value, types, functools.partial(_refuse_constant, node.name)))
    return functions


def _refuse_constant(name: str, reason: str) -> NoReturn:
    raise ConversionError("a graph", f"op Const (at {name})", reason)


def _type(number: int, types: Mapping[Any, Any]) -> int:
    import tensorflow as tf

    given = tf.as_dtype(number)
    return int(types.get(given, given).as_datatype_enum)


def _replaced(value: Any, types: Mapping[Any, Any], refuse: Callable[[str], NoReturn]) -> Any:
    """An attribute in which other types are named."""
    changed = type(value)()
    changed.CopyFrom(value)
    if changed.HasField("type"):
        changed.type = _type(changed.type, types)
    elif changed.HasField("list"):
        changed.list.type[:] = [_type(number, types) for number in changed.list.type]
    elif changed.HasField("tensor") and _type(changed.tensor.dtype, types) != changed.tensor.dtype:
        changed.tensor.CopyFrom(_converted(changed.tensor, types, refuse))
    return changed


def _converted(tensor: Any, types: Mapping[Any, Any], refuse: Callable[[str], NoReturn]) -> Any:
    """A constant's value in another type."""
    import numpy as np
    import tensorflow as tf

    value = np.asarray(tf.make_ndarray(tensor))
    return tf.make_tensor_proto(_as_numbers(value, types[tf.as_dtype(tensor.dtype)], refuse))


def _as_numbers(value: NDArray[Any], dtype: Any, refuse: Callable[[str], NoReturn]) -> NDArray[Any]:
    """An array in one of TensorFlow's types; the same one where it has it already."""
    if dtype.is_integer and value.size and (value.min() < dtype.min or value.max() > dtype.max):
        refuse(f"it holds integers of more than {8 * dtype.size} bits")
    return value.astype(dtype.as_numpy_dtype, copy=False)

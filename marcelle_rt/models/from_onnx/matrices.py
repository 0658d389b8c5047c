"""Products of matrices, sums over dimensions, and what is normalized by them."""

from __future__ import annotations

from typing import Any

from .reading import Node, Reader

_REDUCTIONS = {
    "ReduceMax": "Max",
    "ReduceMean": "Mean",
    "ReduceMin": "Min",
    "ReduceProd": "Prod",
    "ReduceSum": "Sum",
    "ReduceSumSquare": "Sum",
    "ReduceL1": "Sum",
    "ReduceL2": "Sum",
    "ReduceLogSum": "Sum",
    "ReduceLogSumExp": "Sum",
}
_BEFORE = {"ReduceSumSquare": "Square", "ReduceL2": "Square", "ReduceL1": "Abs", "ReduceLogSumExp": "Exp"}
_AFTER = {"ReduceL2": "Sqrt", "ReduceLogSum": "Log", "ReduceLogSumExp": "Log"}


def _mat_mul(reader: Reader, node: Node) -> str:
    (left, right), (a, b) = node.inputs, (reader.shape(name) for name in node.inputs)
    shape = reader.shape(node.outputs[0])
    x, y = reader.tensor(left), reader.tensor(right)
    if len(b) <= 2:
        x = reader.reshape(x, [-1, a[-1]])
        y = reader.reshape(y, [b[0], 1]) if len(b) == 1 else y
        return reader.reshape(reader.sheet.add("MatMul", x, y), shape)
    a = [1, *a] if len(a) == 1 else a
    outer = shape[: max(len(a), len(b)) - 2]
    x, y = (_spread(reader, name, each, outer) for name, each in ((x, a), (y, b)))
    return reader.reshape(reader.sheet.add("BatchMatMulV2", x, y, adj_x=False, adj_y=False), shape)


def _spread(reader: Reader, name: str, shape: list[int], outer: list[int]) -> str:
    """Gives matrices the outer dimensions of those that they are multiplied by."""
    wanted = [*outer, *shape[-2:]]
    if shape == wanted:
        return name
    name = reader.reshape(name, [1] * (len(wanted) - len(shape)) + shape)
    return reader.sheet.add("BroadcastTo", name, reader.sheet.const(wanted))


def _gemm(reader: Reader, node: Node) -> str:
    x, y = (reader.tensor(name) for name in node.inputs[:2])
    a, b = (bool(node.given.get(name, 0)) for name in ("transA", "transB"))
    result = reader.sheet.add("MatMul", x, y, transpose_a=a, transpose_b=b)
    alpha, beta = node.given.get("alpha", 1.0), node.given.get("beta", 1.0)
    if alpha != 1.0:
        result = reader.sheet.add("Mul", result, reader.sheet.const(float(alpha)))
    if node.input(2) and beta:
        added = reader.tensor(node.input(2))
        added = added if beta == 1.0 else reader.sheet.add("Mul", added, reader.sheet.const(float(beta)))
        result = reader.sheet.add("AddV2", result, added)
    return result


def _einsum(reader: Reader, node: Node) -> str:
    if len(node.inputs) > 2:
        raise node.refuse("TF.js takes two tensors at once")
    tensors = [reader.tensor(name) for name in node.inputs]
    equation = node.given["equation"].decode().replace(" ", "")
    return reader.sheet.add("Einsum", *tensors, equation=equation, N=len(tensors))


def reduce(reader: Reader, op: str, name: str, axes: list[int], keep: bool = True) -> str:
    """A mean, a sum, a maximum over dimensions.

    Args:
        reader: What carries the graph over.
        op: TensorFlow's name of what it does.
        name: The node that gives the tensor.
        axes: The dimensions.
        keep: Whether they stay, with length 1.
    """
    return reader.sheet.add(op, name, reader.sheet.const(axes), keep_dims=keep)


def _reduce(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    given = node.given.get("axes")
    if node.input(1):
        given = reader.known(node, 1).tolist()
    name = reader.tensor(node.inputs[0])
    if not given and node.given.get("noop_with_empty_axes"):
        return name
    axes = [axis % rank for axis in given] if given else list(range(rank))
    if node.op in _BEFORE:
        name = reader.sheet.add(_BEFORE[node.op], name)
    name = reduce(reader, _REDUCTIONS[node.op], name, axes, bool(node.given.get("keepdims", 1)))
    return reader.sheet.add(_AFTER[node.op], name) if node.op in _AFTER else name


def _global_pool(reader: Reader, node: Node) -> str:
    op = "Mean" if node.op == "GlobalAveragePool" else "Max"
    axes = list(range(2, len(reader.shape(node.inputs[0]))))
    return reduce(reader, op, reader.tensor(node.inputs[0]), axes)


def _arg(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    axis = reader.sheet.const(node.given.get("axis", 0) % rank)
    name = reader.sheet.add(node.op, reader.tensor(node.inputs[0]), axis)
    return reader.reshape(name, reader.shape(node.outputs[0]))


def _cumulate(reader: Reader, node: Node) -> str:
    axis = reader.known(node, 1).item() % len(reader.shape(node.inputs[0]))
    exclusive, backwards = (bool(node.given.get(name, 0)) for name in ("exclusive", "reverse"))
    name = reader.tensor(node.inputs[0])
    return reader.sheet.add("Cumsum", name, reader.sheet.const(axis), exclusive=exclusive, reverse=backwards)


def _softmax(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    axis = node.given.get("axis", -1) % rank
    name = reader.tensor(node.inputs[0])
    if axis == rank - 1:
        return reader.sheet.add(node.op, name)
    order = list(range(rank))
    order[axis], order[-1] = order[-1], order[axis]
    return reader.transpose(reader.sheet.add(node.op, reader.transpose(name, order)), order)


def _batch_norm(reader: Reader, node: Node) -> str:
    import numpy as np

    scale, shift, mean, variance = (reader.known(node, place).astype("float64") for place in range(1, 5))
    factor = scale / np.sqrt(variance + node.given.get("epsilon", 1e-5))
    shape = [1, -1] + [1] * (len(reader.shape(node.inputs[0])) - 2)
    added = (shift - mean * factor).reshape(shape)
    name = reader.sheet.add("Mul", reader.tensor(node.inputs[0]), reader.sheet.const(factor.reshape(shape)))
    return reader.sheet.add("AddV2", name, reader.sheet.const(added))


def _normalized(reader: Reader, name: str, axes: list[int], epsilon: float) -> str:
    centered = reader.sheet.add("Sub", name, reduce(reader, "Mean", name, axes))
    variance = reduce(reader, "Mean", reader.sheet.add("Square", centered), axes)
    variance = reader.sheet.add("AddV2", variance, reader.sheet.const(epsilon))
    return reader.sheet.add("Mul", centered, reader.sheet.add("Rsqrt", variance))


def _layer_norm(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    axes = list(range(node.given.get("axis", -1) % rank, rank))
    name = _normalized(reader, reader.tensor(node.inputs[0]), axes, float(node.given.get("epsilon", 1e-5)))
    for place, op in ((1, "Mul"), (2, "AddV2")):
        if node.input(place):
            name = reader.sheet.add(op, name, reader.tensor(node.input(place)))
    return name


def _instance_norm(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    name = _normalized(reader, reader.tensor(node.inputs[0]), list(range(2, rank)), float(node.given["epsilon"]))
    for place, op in ((1, "Mul"), (2, "AddV2")):
        each = reader.reshape(reader.tensor(node.inputs[place]), [1, -1] + [1] * (rank - 2))
        name = reader.sheet.add(op, name, each)
    return name


RULES: dict[str, Any] = {
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(("ArgMax", "ArgMin"), _arg),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _global_pool),
    **dict.fromkeys(("LogSoftmax", "Softmax"), _softmax),
    "BatchNormalization": _batch_norm,
    "CumSum": _cumulate,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "MatMul": _mat_mul,
}

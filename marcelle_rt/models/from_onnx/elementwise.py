"""What is done with each number by itself."""

from __future__ import annotations

from typing import Any

from .reading import Node, Reader, Rule
from .sheet import BOOL, FLOAT, INT, Type

_ONE = {
    "Abs": "Abs", "Acos": "Acos", "Acosh": "Acosh", "Asin": "Asin", "Asinh": "Asinh", "Atan": "Atan",
    "Atanh": "Atanh", "Ceil": "Ceil", "Cos": "Cos", "Cosh": "Cosh", "Erf": "Erf", "Exp": "Exp", "Floor": "Floor",
    "IsNaN": "IsNan", "Log": "Log", "Neg": "Neg", "Not": "LogicalNot", "Reciprocal": "Reciprocal", "Relu": "Relu",
    "Round": "Round", "Sigmoid": "Sigmoid", "Sign": "Sign", "Sin": "Sin", "Sinh": "Sinh", "Softplus": "Softplus",
    "Sqrt": "Sqrt", "Tan": "Tan", "Tanh": "Tanh",
}  # fmt: skip
_TWO = {
    "Add": "AddV2", "And": "LogicalAnd", "Equal": "Equal", "Greater": "Greater", "GreaterOrEqual": "GreaterEqual",
    "Less": "Less", "LessOrEqual": "LessEqual", "Mul": "Mul", "Or": "LogicalOr", "Pow": "Pow", "Sub": "Sub",
    "Xor": "NotEqual",
}  # fmt: skip
_MANY = {"Max": "Maximum", "Mean": "AddV2", "Min": "Minimum", "Sum": "AddV2"}


def _simple(reader: Reader, node: Node) -> str:
    op = _ONE.get(node.op) or _TWO[node.op]
    return reader.sheet.add(op, *(reader.tensor(name) for name in node.inputs))


def _many(reader: Reader, node: Node) -> str:
    result = reader.tensor(node.inputs[0])
    for name in node.inputs[1:]:
        result = reader.sheet.add(_MANY[node.op], result, reader.tensor(name))
    if node.op == "Mean":
        result = reader.sheet.add("RealDiv", result, reader.sheet.const(float(len(node.inputs))))
    return result


def _same(reader: Reader, node: Node) -> str:
    return reader.tensor(node.inputs[0])


def _divide(reader: Reader, node: Node) -> str:
    kind, add = reader.kind(node.inputs[0]), reader.sheet.add
    parts = [reader.tensor(name) for name in node.inputs]
    if kind != "i":
        return add("RealDiv" if kind == "f" else "FloorDiv", *parts)
    # ONNX rounds towards zero, and TF.js down.
    sign = add("Mul", *(add("Sign", part) for part in parts))
    return add("Mul", sign, add("FloorDiv", *(add("Abs", part) for part in parts)))


def _cast(reader: Reader, node: Node) -> str:
    before, after = reader.kind(node.inputs[0]), reader.kind(node.outputs[0])
    name = reader.tensor(node.inputs[0])
    if before == after:
        return name
    if after == "b":
        return reader.sheet.add("NotEqual", name, reader.sheet.const(0.0 if before == "f" else 0))
    types = {"f": FLOAT, "b": BOOL}
    source, target = Type(types.get(before, INT)), Type(types.get(after, INT))
    return reader.sheet.add("Cast", name, SrcT=source, DstT=target)


def _where(reader: Reader, node: Node) -> str:
    return reader.sheet.add("SelectV2", *(reader.tensor(name) for name in node.inputs))


def _clip(reader: Reader, node: Node) -> str:
    result = reader.tensor(node.inputs[0])
    for place, op in ((1, "Maximum"), (2, "Minimum")):
        if node.input(place):
            result = reader.sheet.add(op, result, reader.tensor(node.input(place)))
    return result


def _of_alpha(default: float) -> Rule:
    """LeakyRelu, Elu, Celu: what is negative is bent."""

    def rule(reader: Reader, node: Node) -> str:
        alpha = float(node.given.get("alpha", default))
        x = reader.tensor(node.inputs[0])
        if node.op == "LeakyRelu":
            return reader.sheet.add("LeakyRelu", x, alpha=alpha)
        if node.op == "Elu" and alpha == 1.0:
            return reader.sheet.add("Elu", x)
        low = reader.sheet.add("Minimum", x, reader.sheet.const(0.0))
        low = _by(reader, "RealDiv", low, alpha) if node.op == "Celu" else low
        bent = _by(reader, "Mul", reader.sheet.add("Expm1", low), alpha)
        return reader.sheet.add("AddV2", reader.sheet.add("Relu", x), bent)

    return rule


def _by(reader: Reader, op: str, x: str, number: float) -> str:
    return reader.sheet.add(op, x, reader.sheet.const(number))


def _selu(reader: Reader, node: Node) -> str:
    return reader.sheet.add("Selu", reader.tensor(node.inputs[0]))


def _prelu(reader: Reader, node: Node) -> str:
    x, slope = (reader.tensor(name) for name in node.inputs)
    low = reader.sheet.add("Minimum", x, reader.sheet.const(0.0))
    return reader.sheet.add("AddV2", reader.sheet.add("Relu", x), reader.sheet.add("Mul", low, slope))


def _hard_sigmoid(reader: Reader, node: Node) -> str:
    alpha, beta = node.given.get("alpha", 0.2), node.given.get("beta", 0.5)
    return _hard(reader, reader.tensor(node.inputs[0]), float(alpha), float(beta))


def _hard(reader: Reader, x: str, alpha: float, beta: float) -> str:
    line = _by(reader, "AddV2", _by(reader, "Mul", x, alpha), beta)
    return _by(reader, "Minimum", _by(reader, "Maximum", line, 0.0), 1.0)


def _hard_swish(reader: Reader, node: Node) -> str:
    x = reader.tensor(node.inputs[0])
    return reader.sheet.add("Mul", x, _hard(reader, x, 1 / 6, 0.5))


def _softsign(reader: Reader, node: Node) -> str:
    x = reader.tensor(node.inputs[0])
    return reader.sheet.add("RealDiv", x, _by(reader, "AddV2", reader.sheet.add("Abs", x), 1.0))


def _mish(reader: Reader, node: Node) -> str:
    x = reader.tensor(node.inputs[0])
    return reader.sheet.add("Mul", x, reader.sheet.add("Tanh", reader.sheet.add("Softplus", x)))


RULES: dict[str, Any] = {
    **dict.fromkeys((*_ONE, *_TWO), _simple),
    **dict.fromkeys(_MANY, _many),
    **dict.fromkeys(("Dropout", "Identity"), _same),
    "Cast": _cast,
    "CastLike": _cast,
    "Celu": _of_alpha(1.0),
    "Clip": _clip,
    "Div": _divide,
    "Elu": _of_alpha(1.0),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "LeakyRelu": _of_alpha(0.01),
    "Mish": _mish,
    "PRelu": _prelu,
    "Selu": _selu,
    "Softsign": _softsign,
    "Where": _where,
}

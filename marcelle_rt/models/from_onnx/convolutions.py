"""Convolutions and pools. ONNX has channels before places, TF.js after them, so that each stands between transposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reading import Node, Reader
from .shapes import cut, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOWEST = -3.0e38


class _Window:
    """How a window moves over a node's input; over one dimension it moves as over two, of which one has length 1."""

    def __init__(self, reader: Reader, node: Node, kernel: list[int]) -> None:
        shape = reader.shape(node.inputs[0])
        rank = len(shape) - 2
        if node.given.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise node.refuse(f"its padding is {node.given['auto_pad'].decode()!r}; give it in numbers")
        self.is_flat = rank == 1
        pads = list(node.given.get("pads") or [0] * (2 * rank))
        self.kernel = self._wide(kernel, 1)
        self.strides = self._wide(list(node.given.get("strides") or [1] * rank), 1)
        self.dilations = self._wide(list(node.given.get("dilations") or [1] * rank), 1)
        self.begin = self._wide(pads[:rank], 0)
        self.end = self._wide(pads[rank:], 0)
        self.size = self._wide(shape[2:], 1)
        self.out = self._wide(reader.shape(node.outputs[0])[2:], 1)
        self.shape = [*shape[:2], *self.size]

    def _wide(self, values: list[int], filled: int) -> list[int]:
        return [filled, *values] if self.is_flat else values

    @property
    def rank(self) -> int:
        """How many dimensions it moves over."""
        return len(self.kernel)

    @property
    def stepping(self) -> list[int]:
        """Its strides as TF.js has them."""
        return [1, *self.strides, 1]

    def last(self, reader: Reader, name: str) -> str:
        """Puts the channels after the places."""
        name = reader.reshape(name, self.shape) if self.is_flat else name
        return reader.transpose(name, [0, *range(2, self.rank + 2), 1])

    def first(self, reader: Reader, name: str, shape: list[int]) -> str:
        """Puts the channels before the places again."""
        name = reader.transpose(name, [0, self.rank + 1, *range(1, self.rank + 1)])
        return reader.reshape(name, shape) if self.is_flat else name

    def padded(self, reader: Reader, name: str, begin: list[int], end: list[int], value: float) -> str:
        """Adds places around, after the channels were put last."""
        around = [[0, 0], *([*pair] for pair in zip(begin, end, strict=True)), [0, 0]]
        if not any(map(any, around)):
            return name
        return reader.sheet.add("PadV2", name, reader.sheet.const(around), reader.sheet.const(value))


def _conv(reader: Reader, node: Node) -> str:
    weights = reader.known(node, 1)
    window = _Window(reader, node, list(weights.shape[2:]))
    weights = weights.reshape(*weights.shape[:2], *window.kernel)
    groups, channels = node.given.get("group", 1), window.shape[1]
    dilations = window.dilations
    if any(step > 1 for step in dilations) and (any(step > 1 for step in window.strides) or window.rank == 3):
        weights, dilations = _dilated(weights, dilations), [1] * window.rank
    x = window.padded(reader, window.last(reader, reader.tensor(node.inputs[0])), window.begin, window.end, 0.0)
    given: dict[str, Any] = {"strides": window.stepping, "padding": "VALID", "dilations": [1, *dilations, 1]}
    places = range(2, window.rank + 2)
    if groups == channels > 1 and window.rank == 2:
        deep = weights.reshape(channels, -1, *weights.shape[2:]).transpose(*places, 0, 1)
        result = reader.sheet.add("DepthwiseConv2dNative", x, reader.sheet.const(deep), **given)
    else:
        op = "Conv3D" if window.rank == 3 else "Conv2D"
        if window.rank == 3:  # TF.js takes the default for that of images, which it then refuses
            given["data_format"] = "NDHWC"
        before = [size + begin + end for size, begin, end in zip(window.size, window.begin, window.end, strict=True)]
        parts = split(reader, x, [1, *before, channels], -1, [channels // groups] * groups)
        kernels = weights.reshape(groups, -1, *weights.shape[1:])
        each = [
            reader.sheet.add(op, part, reader.sheet.const(kernel.transpose(*places, 1, 0)), **given)
            for part, kernel in zip(parts, kernels, strict=True)
        ]
        result = _joined(reader, each, window.rank + 1)
    return window.first(reader, _with_bias(reader, node, result), reader.shape(node.outputs[0]))


def _joined(reader: Reader, names: list[str], axis: int) -> str:
    if len(names) == 1:
        return names[0]
    return reader.sheet.add("ConcatV2", *names, reader.sheet.const(axis), N=len(names))


def _with_bias(reader: Reader, node: Node, name: str) -> str:
    return reader.sheet.add("AddV2", name, reader.tensor(node.input(2))) if node.input(2) else name


def _dilated(weights: NDArray[Any], dilations: list[int]) -> NDArray[Any]:
    """A kernel with zeros between its numbers, for where TF.js has no dilation."""
    import numpy as np

    sizes = [(size - 1) * step + 1 for size, step in zip(weights.shape[2:], dilations, strict=True)]
    wide = np.zeros((*weights.shape[:2], *sizes), weights.dtype)
    every = (slice(None), slice(None), *(slice(None, None, step) for step in dilations))
    wide[every] = weights
    return wide


def _conv_transpose(reader: Reader, node: Node) -> str:
    weights = reader.known(node, 1)
    window = _Window(reader, node, list(weights.shape[2:]))
    if window.rank == 3:
        raise node.refuse("TF.js has transposed convolutions over two dimensions only")
    weights = _dilated(weights.reshape(*weights.shape[:2], *window.kernel), window.dilations)
    groups, channels, deep = node.given.get("group", 1), window.shape[1], weights.shape[1]
    whole = [
        (size - 1) * step + length
        for size, step, length in zip(window.size, window.strides, weights.shape[2:], strict=True)
    ]
    parts = split(
        reader,
        window.last(reader, reader.tensor(node.inputs[0])),
        [1, *window.size, channels],
        -1,
        [channels // groups] * groups,
    )
    each = [
        reader.sheet.add(
            "Conv2DBackpropInput",
            reader.sheet.const([1, *whole, deep]),
            reader.sheet.const(kernel.transpose(2, 3, 1, 0)),
            part,
            strides=window.stepping,
            padding="VALID",
        )
        for part, kernel in zip(parts, weights.reshape(groups, -1, *weights.shape[1:]), strict=True)
    ]
    sizes = [min(out, all_ - begin) for out, all_, begin in zip(window.out, whole, window.begin, strict=True)]
    result = cut(reader, _joined(reader, each, 3), [0, *window.begin, 0], [1, *sizes, deep * groups])
    missing = [out - size for out, size in zip(window.out, sizes, strict=True)]
    result = _with_bias(reader, node, window.padded(reader, result, [0, 0], missing, 0.0))
    return window.first(reader, result, reader.shape(node.outputs[0]))


def _pool(reader: Reader, node: Node) -> str:
    import numpy as np

    window = _Window(reader, node, list(node.given["kernel_shape"]))
    if any(step > 1 for step in window.dilations):
        raise node.refuse("TF.js has no pools with dilation")
    is_max = node.op == "MaxPool"
    if is_max and len(node.outputs) > 1 and node.outputs[1]:
        raise node.refuse("TF.js' pool does not tell where the largest values were")
    reach = [(out - 1) * step + k for out, step, k in zip(window.out, window.strides, window.kernel, strict=True)]
    end = [max(0, far - n - begin) for far, n, begin in zip(reach, window.size, window.begin, strict=True)]
    x = window.last(reader, reader.tensor(node.inputs[0]))
    x = window.padded(reader, x, window.begin, end, _LOWEST if is_max else 0.0)
    op = ("MaxPool" if is_max else "AvgPool") + ("3D" if window.rank == 3 else "")
    result = reader.sheet.add(op, x, ksize=[1, *window.kernel, 1], strides=window.stepping, padding="VALID")
    if not is_max:
        counts = _counted(window, bool(node.given.get("count_include_pad", 0)))
        factor = np.prod(window.kernel) / counts
        if not np.all(factor == 1):
            result = reader.sheet.add("Mul", result, reader.sheet.const(factor[None, ..., None]))
    return window.first(reader, result, reader.shape(node.outputs[0]))


def _counted(window: _Window, with_pads: bool) -> NDArray[Any]:
    """How many numbers count in each place of an average: those of the input, or also those around it."""
    import numpy as np

    counts = np.ones((), "float64")
    for dimension in range(window.rank):
        begin, end, size = window.begin[dimension], window.end[dimension], window.size[dimension]
        low, high = (-begin, size + end) if with_pads else (0, size)
        starts = np.arange(window.out[dimension]) * window.strides[dimension] - begin
        each = np.minimum(starts + window.kernel[dimension], high) - np.maximum(starts, low)
        counts = counts[..., None] * each
    return counts


RULES: dict[str, Any] = {
    **dict.fromkeys(("AveragePool", "MaxPool"), _pool),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
}

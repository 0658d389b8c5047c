"""What gives numbers another place: shapes, slices, pads, images of another size."""

from __future__ import annotations

from typing import Any

from .reading import Node, Reader


def _reshape(reader: Reader, node: Node) -> str:
    return reader.reshape(reader.tensor(node.inputs[0]), reader.shape(node.outputs[0]))


def _expand(reader: Reader, node: Node) -> str:
    shape = reader.shape(node.outputs[0])
    name = reader.tensor(node.inputs[0])
    if reader.shape(node.inputs[0]) == shape:
        return name
    return reader.sheet.add("BroadcastTo", name, reader.sheet.const(shape))


def _transpose(reader: Reader, node: Node) -> str:
    rank = len(reader.shape(node.inputs[0]))
    order = node.given.get("perm") or list(range(rank))[::-1]
    return reader.transpose(reader.tensor(node.inputs[0]), list(order))


def _concat(reader: Reader, node: Node) -> str:
    parts = [name for name in node.inputs if 0 not in reader.shape(name)]
    if len(parts) == 1:
        return reader.tensor(parts[0])
    axis = node.given["axis"] % len(reader.shape(node.outputs[0]))
    return reader.sheet.add(
        "ConcatV2", *(reader.tensor(name) for name in parts), reader.sheet.const(axis), N=len(parts)
    )


def _slice(reader: Reader, node: Node) -> str:
    shape = reader.shape(node.inputs[0])
    starts, ends = (reader.known(node, place).tolist() for place in (1, 2))
    axes = reader.known(node, 3).tolist() if node.input(3) else list(range(len(starts)))
    steps = reader.known(node, 4).tolist() if node.input(4) else [1] * len(starts)
    begin, end, stride = [0] * len(shape), list(shape), [1] * len(shape)
    backwards, result = [], reader.tensor(node.inputs[0])
    for start, stop, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(shape)
        place = range(shape[axis])[slice(start, None if step < 0 and stop < -shape[axis] else stop, step)]
        if step < 0:
            backwards.append(axis)
            place = range(shape[axis] - 1 - place.start, shape[axis] - 1 - place.stop, -step)
        begin[axis], end[axis], stride[axis] = place.start, max(place.start, place.stop), place.step
    if backwards:
        result = reader.sheet.add("ReverseV2", result, reader.sheet.const(backwards))
    if begin == [0] * len(shape) and end == shape and stride == [1] * len(shape):
        return result
    return reader.sheet.add("StridedSlice", result, *(reader.sheet.const(item) for item in (begin, end, stride)))


def cut(reader: Reader, name: str, begin: list[int], size: list[int]) -> str:
    """A part of a tensor.

    Args:
        reader: What carries the graph over.
        name: The node that gives the tensor.
        begin: Where it begins, for each dimension.
        size: How long it is.
    """
    return reader.sheet.add("Slice", name, reader.sheet.const(begin), reader.sheet.const(size))


def _gather(reader: Reader, node: Node) -> str:
    shape = reader.shape(node.inputs[0])
    axis = node.given.get("axis", 0) % len(shape)
    name = reader.tensor(node.inputs[0])
    if not reader.depends(node.inputs[1]):
        places = reader.known(node, 1) % shape[axis]
        if places.size == 1:
            begin, size = [0] * len(shape), list(shape)
            begin[axis], size[axis] = int(places.ravel()[0]), 1
            return reader.reshape(cut(reader, name, begin, size), reader.shape(node.outputs[0]))
        indices = reader.sheet.const(places)
    else:
        indices = reader.tensor(node.inputs[1])
    return reader.sheet.add("GatherV2", name, indices, reader.sheet.const(axis))


def _split(reader: Reader, node: Node) -> list[str]:
    sizes = [reader.shape(name)[node.given.get("axis", 0)] for name in node.outputs]
    return split(reader, reader.tensor(node.inputs[0]), reader.shape(node.inputs[0]), node.given.get("axis", 0), sizes)


def split(reader: Reader, name: str, shape: list[int], axis: int, sizes: list[int]) -> list[str]:
    """Cuts a tensor along one dimension.

    Args:
        reader: What carries the graph over.
        name: The node that gives the tensor.
        shape: The tensor's shape.
        axis: The dimension.
        sizes: How long the parts are.
    """
    if len(sizes) == 1:
        return [name]
    place = reader.sheet.const(axis % len(shape))
    node = reader.sheet.add("SplitV", name, reader.sheet.const(sizes), place, num_split=len(sizes))
    return [node, *(f"{node}:{part}" for part in range(1, len(sizes)))]


def _split_to_sequence(reader: Reader, node: Node) -> list[str]:
    parts = reader.values[node.outputs[0]]
    axis = node.given.get("axis", 0)
    keeps = node.given.get("keepdims", 1) or bool(node.input(1))
    sizes = [part.shape[axis] for part in parts] if keeps else [1] * len(parts)
    names = split(reader, reader.tensor(node.inputs[0]), reader.shape(node.inputs[0]), axis, sizes)
    if not keeps:
        names = [reader.reshape(name, list(part.shape)) for name, part in zip(names, parts, strict=True)]
    reader.place_list(node.outputs[0], names)
    return []


def _sequence_at(reader: Reader, node: Node) -> str:
    return reader.listed(node.inputs[0])[int(reader.known(node, 1).item())]


def _pad(reader: Reader, node: Node) -> str:
    shape = reader.shape(node.inputs[0])
    pads = reader.known(node, 1).tolist()
    axes = reader.known(node, 3).tolist() if node.input(3) else list(range(len(shape)))
    around = [[0, 0] for _ in shape]
    for place, axis in enumerate(axes):
        around[axis % len(shape)] = [pads[place], pads[place + len(axes)]]
    if any(size < 0 for pair in around for size in pair):
        raise node.refuse("it takes away, which TF.js' pad can't")
    name, mode = reader.tensor(node.inputs[0]), node.given.get("mode", b"constant").decode()
    if mode == "constant":
        value = float(reader.known(node, 2).item()) if node.input(2) else 0.0
        return reader.sheet.add("PadV2", name, reader.sheet.const(around), reader.sheet.const(value))
    if mode == "reflect":
        return reader.sheet.add("MirrorPad", name, reader.sheet.const(around), mode="REFLECT")
    raise node.refuse(f"TF.js has no mode {mode!r}")


def _tile(reader: Reader, node: Node) -> str:
    return reader.sheet.add("Tile", reader.tensor(node.inputs[0]), reader.sheet.const(reader.known(node, 1)))


def _trilu(reader: Reader, node: Node) -> str:
    import numpy as np

    shape = reader.shape(node.inputs[0])
    offset = reader.known(node, 1).item() if node.input(1) else 0
    half = np.triu if node.given.get("upper", 1) else np.tril
    mask = half(np.ones(shape[-2:], "float32"), offset)
    return reader.sheet.add("Mul", reader.tensor(node.inputs[0]), reader.sheet.const(mask))


def _resize(reader: Reader, node: Node) -> str:
    before, after = reader.shape(node.inputs[0]), reader.shape(node.outputs[0])
    mode, way = (node.given.get(key, default).decode() for key, default in _MODES.items())
    rank = len(before)
    if (
        rank not in (3, 4)
        or before[:2] != after[:2]
        or mode not in ("nearest", "linear")
        or node.given.get("antialias")
    ):
        raise node.refuse(f"TF.js resizes images only, and not in mode {mode!r}")
    if node.input(2) and any(
        round(size * float(scale), 3) != out
        for size, scale, out in zip(before, reader.known(node, 2).tolist(), after, strict=True)
    ):
        raise node.refuse("its scale does not give a whole number of pixels; give it a size")
    aligned, half = way == "align_corners", way in ("half_pixel", "pytorch_half_pixel")
    nearest = node.given.get("nearest_mode", b"round_prefer_floor").decode()
    if mode == "nearest" and (aligned or (nearest == "floor") == half):
        raise node.refuse(f"TF.js chooses the nearest pixels otherwise than {way!r} with {nearest!r}")
    x = reader.tensor(node.inputs[0])
    if rank == 3:
        x = reader.reshape(x, [*before[:2], 1, before[2]])
    x = reader.transpose(x, [0, 2, 3, 1])
    op = "ResizeBilinear" if mode == "linear" else "ResizeNearestNeighbor"
    size = reader.sheet.const([1, after[2]] if rank == 3 else after[2:])
    x = reader.sheet.add(op, x, size, align_corners=aligned, half_pixel_centers=half)
    return reader.reshape(reader.transpose(x, [0, 3, 1, 2]), after)


_MODES = {"mode": b"nearest", "coordinate_transformation_mode": b"half_pixel"}


def _depth_to_space(reader: Reader, node: Node) -> str:
    batch, channels, height, width = reader.shape(node.inputs[0])
    size = node.given["blocksize"]
    by_columns = node.given.get("mode", b"DCR") == b"CRD"
    deep = channels // size**2
    shape = [batch, deep, size, size, height, width] if by_columns else [batch, size, size, deep, height, width]
    order = [0, 1, 4, 2, 5, 3] if by_columns else [0, 3, 4, 1, 5, 2]
    name = reader.transpose(reader.reshape(reader.tensor(node.inputs[0]), shape), order)
    return reader.reshape(name, [batch, deep, height * size, width * size])


def _space_to_depth(reader: Reader, node: Node) -> str:
    batch, channels, height, width = reader.shape(node.inputs[0])
    size = node.given["blocksize"]
    shape = [batch, channels, height // size, size, width // size, size]
    name = reader.transpose(reader.reshape(reader.tensor(node.inputs[0]), shape), [0, 3, 5, 1, 2, 4])
    return reader.reshape(name, reader.shape(node.outputs[0]))


RULES: dict[str, Any] = {
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), _reshape),
    "Concat": _concat,
    "DepthToSpace": _depth_to_space,
    "Expand": _expand,
    "Gather": _gather,
    "Pad": _pad,
    "Resize": _resize,
    "SequenceAt": _sequence_at,
    "Slice": _slice,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "SplitToSequence": _split_to_sequence,
    "Tile": _tile,
    "Transpose": _transpose,
    "Trilu": _trilu,
}

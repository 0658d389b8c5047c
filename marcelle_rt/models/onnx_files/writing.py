"""ONNX models to disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..weights import bytes_of
from .reading import refuse_size

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write(model: Any, directory: Path, name: str) -> Path:
    """Writes a model as `<name>.onnx`, whole or not at all.

    Args:
        model: An `onnx.ModelProto`.
        directory: An existing folder.
        name: The file's name without its ending.

    Raises:
        OSError: If the disk can't be written.
    """
    return _replace(directory, name, [model.SerializeToString()])


def write_with(model: Any, weights: Mapping[str, NDArray[Any]], directory: Path, name: str) -> Path:
    """Writes a model with weights that are not in it: in it, they would be held twice more.

    Args:
        model: An `onnx.ModelProto`.
        weights: By the names of the tensors that its nodes take.
        directory: An existing folder.
        name: The file's name without its ending.

    Raises:
        ConversionError: If the file would be larger than pages load.
        OSError: If the disk can't be written.
    """
    graph = model.graph.SerializeToString()
    heads = {key: _head(key, array) for key, array in weights.items()}
    size = len(graph) + sum(len(heads[key]) + array.nbytes for key, array in weights.items())
    refuse_size(f"{name}.onnx", size)
    rest = type(model)()
    rest.CopyFrom(model)
    rest.ClearField("graph")
    start = [rest.SerializeToString(), _mark(rest, "graph", size), graph]
    pieces = ((heads[key], bytes_of(array, array.dtype.newbyteorder("<"))) for key, array in weights.items())
    return _replace(directory, name, chain(start, chain.from_iterable(pieces)))


def _head(name: str, array: NDArray[Any]) -> bytes:
    """What stands before the numbers of a weight in a graph's bytes."""
    from onnx import GraphProto, TensorProto, helper

    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    tensor = TensorProto(name=name, dims=array.shape, data_type=kind)
    inner: bytes = tensor.SerializeToString() + _mark(tensor, "raw_data", array.nbytes)
    return _mark(GraphProto(), "initializer", len(inner) + array.nbytes) + inner


def _mark(message: Any, field: str, size: int) -> bytes:
    """What stands before the bytes of a field (https://protobuf.dev/programming-guides/encoding/)."""
    of_bytes = 2
    return _number(message.DESCRIPTOR.fields_by_name[field].number << 3 | of_bytes) + _number(size)


def _number(value: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first; all bytes but the last have their highest bit set."""
    row = []
    while value >= 0x80:
        row.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*row, value])


def _replace(directory: Path, name: str, pieces: Iterable[bytes | memoryview]) -> Path:
    path, part = directory / f"{name}.onnx", directory / f".{name}.part.onnx"
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        os.replace(part, path)
    except OSError:  # a disk that is full; a part of a file is worth nothing
        part.unlink(missing_ok=True)
        raise
    return path

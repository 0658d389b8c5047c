"""Weights as TF.js reads them: one row of bytes cut into files, and a manifest that says what lies where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError, UnsupportedFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Read = Callable[[], NDArray[Any]]

SHARD_BYTES = 4 * 1024 * 1024
QUANTIZATIONS = ("float16",)


class OneByOne(Mapping[str, "NDArray[Any]"]):
    """Weights that are read when they are looked at: all at once, they would be the model a second time.

    Args:
        readers: What reads each.
    """

    def __init__(self, readers: Mapping[str, Read]) -> None:
        self._readers = readers

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)


def write_weights(
    weights: Mapping[str, NDArray[Any]], directory: Path, target: str, quantize: str | None = None
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Writes weights in files of at most 4 MB.

    Args:
        weights: Arrays of numbers, truth values or texts by the names that TF.js looks for.
        directory: An existing folder.
        target: The format that they are written for, for messages.
        quantize: `"float16"` halves what is sent, at three significant digits a weight; TF.js computes
            with 32 bits all the same.

    Returns:
        The `weightsManifest` of a `model.json`, and the files it names.

    Raises:
        ConversionError: If there is an array of a type that TF.js lacks.
        UnsupportedFormat: If the quantization is not known.
        OSError: If the disk can't be written.
    """
    if quantize is not None and quantize not in QUANTIZATIONS:
        raise UnsupportedFormat("Quantization", quantize, QUANTIZATIONS)
    # Twice, and one by one: a file's name says how many there are, and nothing is written of what can't be.
    specs, size = [], 0
    for name, array in weights.items():
        spec, data = _encode(name, array, target, quantize)
        specs.append(spec)
        size += len(data)
    files = _shards(directory, size)
    _write((_encode(name, array, target, quantize)[1] for name, array in weights.items()), files)
    return [{"paths": [file.name for file in files], "weights": specs}], files


def _encode(name: str, array: NDArray[Any], target: str, quantize: str | None) -> tuple[dict[str, Any], memoryview]:
    import numpy as np

    spec: dict[str, Any] = {"name": name, "shape": list(array.shape)}
    kind = array.dtype.kind
    if kind in "OSU":
        texts = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
        sizes = [np.array(len(text), "<u4").tobytes() for text in texts]
        pairs = (part for pair in zip(sizes, texts, strict=True) for part in pair)
        return {**spec, "dtype": "string"}, memoryview(b"".join(pairs))
    if kind == "b":
        return {**spec, "dtype": "bool"}, bytes_of(array, "u1")
    if kind in "iu":
        limits = np.iinfo("i4")
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            raise ConversionError(target, f"weight {name!r}", "it holds integers of more than 32 bits")
        return {**spec, "dtype": "int32"}, bytes_of(array, "<i4")
    if kind == "c":
        raise ConversionError(target, f"weight {name!r}", "complex numbers can't be stored; split them in two")
    # Floats of any size, with bfloat16, whose kind is "V".
    if quantize == "float16":
        with np.errstate(over="ignore"):
            stored = array.astype("<f2")
        if np.isinf(stored).any() and not np.isinf(array).any():
            raise ConversionError(target, f"weight {name!r}", "too large for float16; convert without quantize")
        spec["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        return {**spec, "dtype": "float32"}, bytes_of(stored, "<f2")
    return {**spec, "dtype": "float32"}, bytes_of(array, "<f4")


def bytes_of(array: NDArray[Any], dtype: Any) -> memoryview:
    """An array's bytes in a type; where it has that type already, they are its own.

    Args:
        array: Of any shape.
        dtype: One of NumPy's types, or the name of one.
    """
    import numpy as np

    return np.ascontiguousarray(array.astype(dtype, copy=False)).reshape(-1).view("u1").data


def read_weights(manifest: Any, read: Callable[[str], bytes], source: str) -> dict[str, NDArray[Any]]:
    """Reads weights that TF.js or `write_weights` has written.

    Args:
        manifest: The `weightsManifest` of a `model.json`.
        read: Gives the bytes of a file that it names.
        source: What is read, for messages.

    Returns:
        The arrays by their names.

    Raises:
        ConversionError: If it is damaged, or in a form that a page does not save.
    """
    weights: dict[str, NDArray[Any]] = {}
    if not isinstance(manifest, list) or not all(isinstance(group, Mapping) for group in manifest):
        raise ConversionError("Keras", source, "its model.json has no weightsManifest")
    for group in manifest:
        paths, specs = group.get("paths"), group.get("weights")
        if not isinstance(paths, list) or not isinstance(specs, list):
            raise ConversionError("Keras", source, "its weightsManifest is damaged")
        data = bytearray()
        for path in paths:
            data += read(str(path).removeprefix("./"))
        place = 0
        for spec in specs:
            name, array, place = _decode(spec, data, place, source)
            weights[name] = array
        if place != len(data):
            raise ConversionError("Keras", source, f"its weights have {len(data):,} bytes, and {place:,} are described")
    return weights


_STORED = {"float32": "<f4", "int32": "<i4", "bool": "u1"}


def _decode(spec: Any, data: bytearray, place: int, source: str) -> tuple[str, NDArray[Any], int]:
    """One array, and where the next begins."""
    import numpy as np

    entry = spec if isinstance(spec, Mapping) else {}
    name, shape, kind = entry.get("name"), entry.get("shape"), entry.get("dtype")
    quantization = entry.get("quantization")
    stored = _STORED.get(kind) if isinstance(kind, str) else None
    if isinstance(quantization, Mapping):
        stored = "<f2" if quantization.get("dtype") == "float16" else None
    sizes = shape if isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape) else None
    if not isinstance(name, str) or sizes is None or stored is None:
        raise ConversionError("Keras", f"{source}, weight {name!r}", f"has a form that is not known ({spec!r:.200})")
    end = place + math.prod(sizes) * np.dtype(stored).itemsize
    if end > len(data):
        raise ConversionError("Keras", f"{source}, weight {name!r}", "its file is cut off")
    array = np.frombuffer(data, stored, math.prod(sizes), place).reshape(sizes)
    return name, array.astype("f4" if kind == "float32" else array.dtype), end


def _shards(directory: Path, size: int) -> list[Path]:
    count = -(-size // SHARD_BYTES)
    return [directory / f"group1-shard{index + 1}of{count}.bin" for index in range(count)]


def _write(pieces: Iterable[memoryview], files: Iterable[Path]) -> None:
    """Cuts one row of bytes into files."""
    left = filter(len, pieces)
    piece = memoryview(b"")
    for path in files:
        room = SHARD_BYTES
        with path.open("wb") as file:
            while room and (piece := piece or next(left, piece)):
                file.write(piece[:room])
                room, piece = room - len(piece[:room]), piece[room:]

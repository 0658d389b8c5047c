"""Weights as TF.js reads them: one row of bytes cut into files, and a manifest that says what lies where."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError, UnsupportedFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARD_BYTES = 4 * 1024 * 1024
QUANTIZATIONS = ("float16",)


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
    specs, chunks = [], []
    for name, array in weights.items():
        spec, data = _encode(name, array, target, quantize)
        specs.append(spec)
        chunks.append(data)
    files = _write_shards(b"".join(chunks), directory)
    return [{"paths": [file.name for file in files], "weights": specs}], files


def _encode(name: str, array: NDArray[Any], target: str, quantize: str | None) -> tuple[dict[str, Any], bytes]:
    import numpy as np

    spec: dict[str, Any] = {"name": name, "shape": list(array.shape)}
    kind = array.dtype.kind
    if kind in "OSU":
        texts = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
        sizes = [np.array(len(text), "<u4").tobytes() for text in texts]
        pairs = (part for pair in zip(sizes, texts, strict=True) for part in pair)
        return {**spec, "dtype": "string"}, b"".join(pairs)
    if kind == "b":
        return {**spec, "dtype": "bool"}, array.astype("u1").tobytes()
    if kind in "iu":
        limits = np.iinfo("i4")
        if array.size and (array.min() < limits.min or array.max() > limits.max):
            raise ConversionError(target, f"weight {name!r}", "it holds integers of more than 32 bits")
        return {**spec, "dtype": "int32"}, array.astype("<i4").tobytes()
    if kind == "c":
        raise ConversionError(target, f"weight {name!r}", "complex numbers can't be stored; split them in two")
    # Floats of any size, with bfloat16, whose kind is "V".
    if quantize == "float16":
        with np.errstate(over="ignore"):
            stored = array.astype("<f2")
        if np.isinf(stored).any() and not np.isinf(array).any():
            raise ConversionError(target, f"weight {name!r}", "too large for float16; convert without quantize")
        spec["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        return {**spec, "dtype": "float32"}, stored.tobytes()
    return {**spec, "dtype": "float32"}, array.astype("<f4").tobytes()


def read_weights(manifest: Any, read: Callable[[str], bytes], source: str) -> dict[str, NDArray[Any]]:
    """Reads weights that TF.js or `write_weights` has written.

    Args:
        manifest: The ``weightsManifest`` of a ``model.json``.
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
        data = b"".join(read(str(path).removeprefix("./")) for path in paths)
        place = 0
        for spec in specs:
            name, array, place = _decode(spec, data, place, source)
            weights[name] = array
        if place != len(data):
            raise ConversionError("Keras", source, f"its weights have {len(data):,} bytes, and {place:,} are described")
    return weights


_STORED = {"float32": "<f4", "int32": "<i4", "bool": "u1"}


def _decode(spec: Any, data: bytes, place: int, source: str) -> tuple[str, NDArray[Any], int]:
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
    array = np.frombuffer(data[place:end], stored).reshape(sizes)
    return name, array.astype("f4" if kind == "float32" else array.dtype), end


def _write_shards(data: bytes, directory: Path) -> list[Path]:
    count = -(-len(data) // SHARD_BYTES)
    files = []
    for index in range(count):
        file = directory / f"group1-shard{index + 1}of{count}.bin"
        file.write_bytes(data[index * SHARD_BYTES : (index + 1) * SHARD_BYTES])
        files.append(file)
    return files

"""What pages store, as values that Python computes with.

| stored | here |
|---|---|
| `data:image/...` text, or the bytes of an image file | `uint8 [h, w, 3]` |
| the RGBA bytes of an `ImageData`, as in files that pages write | the same |
| a list of numbers, nested or not; `{"0": 1, "1": 2}`, which a `Float32Array` becomes | `float32` |
| `[{keypoints: [{x, y, score}]}]`, a pose | `float32 [poses, keypoints, 3]`: x, y and score |
| `data:audio/...` text, the bytes of a recording | `Sound` |
| base64 of a file, which bytes become on MongoDB | what the bytes are |
| anything else: text, a number, boxes | as it is |
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import images, sounds
from .unreadable import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

Document = dict[str, Any]
Fetch = Callable[[str], bytes]


def decoded(document: Mapping[str, Any], fetch: Fetch) -> Document:
    """An instance with its `x` decoded, and every image in it but the thumbnail, as on a page.

    Args:
        document: As it is stored; it stays as it is.
        fetch: Reads an asset of the backend by its path, for recordings that are kept as files.

    Raises:
        Unreadable: A value can't be decoded.
    """
    result = dict(document)
    for field, stored in document.items():
        if field == "x":
            result[field] = value(stored)
        elif field != "thumbnail" and isinstance(stored, str) and stored.startswith(images.URL):
            result[field] = images.decode_url(stored)
    if document.get("x") is None and is_recording(document.get("file")):
        result["x"] = sounds.decode(fetch(document["file"]))
    return result


def is_recording(path: object) -> bool:
    """Whether a `file` field is where `uploadAsset` has put a recording."""
    return isinstance(path, str) and "/assets/" in path


def value(stored: Any) -> Any:
    """One stored value, decoded.

    Raises:
        Unreadable: It is an image or a sound that can't be read, or a list of numbers with gaps.
    """
    if isinstance(stored, str):
        return _text(stored)
    if isinstance(stored, list):
        return _list(stored)
    if isinstance(stored, Mapping):
        return _mapping(stored)
    return stored


def _text(stored: str) -> Any:
    if stored.startswith(images.URL):
        return images.decode_url(stored)
    if stored.startswith(("data:audio/", "data:video/webm")):
        return sounds.decode(images.url_bytes(stored))
    if stored.startswith(_FILES) and (data := _from_base64(stored)) is not None:
        return _file(data)
    return stored


_FILES = ("/9j/", "iVBORw0KGgo", "UklGR", "T2dnUw", "ZkxhQw", "SUQz", "GkXfo")
"""How the base64 begins of a JPEG, a PNG, a WAV, an OGG, a FLAC, an MP3 and a webm."""


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:  # a text that begins like one
        return None


def _file(data: bytes) -> Any:
    """What the bytes of a sound's or an image's file are."""
    return images.decode(data) if images.is_image(data) else sounds.decode(data)


def _list(stored: list[Any]) -> Any:
    if stored and all(isinstance(item, Mapping) and isinstance(item.get("keypoints"), list) for item in stored):
        return _poses(stored)
    if not _is_numbers(stored):
        return stored
    return _numbers(stored)


def _is_numbers(stored: list[Any]) -> bool:
    """Whether a list has numbers alone in it, at any depth; of each depth the first is judged by."""
    first: Any = stored
    while isinstance(first, list):
        if not first:
            return True
        first = first[0]
    return isinstance(first, (int, float)) and not isinstance(first, bool)


def _numbers(stored: list[Any]) -> NDArray[Any]:
    import numpy as np

    try:
        return np.asarray(stored, np.float32)
    except (ValueError, TypeError):
        raise Unreadable(
            "is a list of numbers whose rows have different lengths, or that has something else in it"
        ) from None


def _poses(stored: list[Any]) -> NDArray[Any]:
    import numpy as np

    try:
        points = [[(p["x"], p["y"], p.get("score", np.nan)) for p in pose["keypoints"]] for pose in stored]
        return np.asarray(points, np.float32)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreadable("has poses whose keypoints have no x and y, or are not equally many") from None


def _mapping(stored: Mapping[str, Any]) -> Any:
    inner = stored.get("data")
    if isinstance(inner, Mapping) and "0" in inner:
        import numpy as np

        width, height = (stored.get(key) if isinstance(stored.get(key), int) else None for key in ("width", "height"))
        return images.from_rgba(_in_order(inner).astype(np.uint8), width, height)
    if "0" not in stored:
        return stored
    numbers = _in_order(stored)
    head = bytes(int(n) if 0 <= n < 256 else 0 for n in numbers[:12].tolist())
    return _file(_as_bytes(numbers)) if images.is_image(head) or sounds.is_sound(head) else numbers


def _in_order(stored: Mapping[str, Any]) -> NDArray[Any]:
    """What JSON makes of a typed array or of bytes: `{"0": 1, "1": 2}`."""
    import numpy as np

    try:
        return np.asarray([stored[str(n)] for n in range(len(stored))], np.float32)
    except (KeyError, ValueError, TypeError):
        raise Unreadable("has numbered fields with gaps between them, or without numbers in them") from None


def _as_bytes(numbers: NDArray[Any]) -> bytes:
    import numpy as np

    return numbers.astype(np.uint8).tobytes()

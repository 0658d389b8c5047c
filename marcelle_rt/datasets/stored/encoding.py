"""What Python puts into a dataset, in the form that pages store and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...values import to_wire
from . import images, sounds
from .unreadable import Unreadable

Document = dict[str, Any]


def instance(name: str, x: Any, y: Any, thumbnail: str | None, fields: Mapping[str, Any]) -> Document:
    """The document of an instance.

    Args:
        name: The dataset's name.
        x: `uint8` pixels or a Pillow image (stored as a JPEG), numbers of any other type and shape, a `Sound` (stored
            as a WAV), text, or `None` for an instance that has its `fields` alone.
        y: The label: text, a number, or an array (a mask; not stored as an image, because that would change it).
        thumbnail: A `data:` URL; made of `x` where that is an image and none is given.
        fields: What else to keep.

    Raises:
        Unreadable: No page could read `x`.
        InvalidData: A value can't be stored, or a field's name can't be one.
    """
    document: Document = {"datasetName": name}
    if x is not None:
        document["x"] = value(x)
    document["y"] = to_wire(y, "y")
    if thumbnail is None and is_image_url(document.get("x")):
        thumbnail = images.thumbnail(document["x"])
    if thumbnail is not None:
        document["thumbnail"] = thumbnail
    document.update(to_wire(dict(fields), "fields"))
    return document


def value(x: Any) -> Any:
    """An `x` as it is stored.

    Raises:
        Unreadable: No page could read it.
        InvalidData: JSON can't hold it.
    """
    if isinstance(x, str):
        if x.startswith(images.URL):
            return images.reencode(images.url_bytes(x))
        return x
    if isinstance(x, sounds.Sound):
        return sounds.encode(x)
    pixels = _pixels(x)
    return to_wire(x, "x") if pixels is None else images.encode(pixels)


def is_image_url(x: object) -> bool:
    """Whether an `x` is stored as an image."""
    return isinstance(x, str) and x.startswith(images.PAGE_URL)


def _pixels(x: Any) -> Any:
    """The pixels of what is an image: `uint8` in two dimensions or with 1, 3 or 4 channels, or a Pillow image."""
    if hasattr(x, "getbands"):  # a Pillow image, told without importing Pillow
        import numpy as np

        images.check_depth(x)
        return np.asarray(x if x.mode in ("L", "RGB", "RGBA") else x.convert("RGBA"))
    if str(getattr(x, "dtype", "")) != "uint8" or getattr(x, "ndim", 0) not in (2, 3):
        return None
    if x.ndim == 3 and x.shape[2] not in (1, 3, 4):
        return None
    if 0 in x.shape:
        raise Unreadable(f"is an image of the shape {list(x.shape)}, which has no pixels")
    return x

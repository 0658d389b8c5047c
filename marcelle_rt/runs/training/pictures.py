"""Figures and images that a training makes, as files: Matplotlib's figures, Pillow's images, NumPy's arrays.

An array is shown as Matplotlib's `imshow` would: of two dimensions in gray, from its least value to its greatest; with
3 or 4 channels in color, floats from 0 to 1 and integers from 0 to 255.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import MarcelleError
from ...notices import Notices, sentence
from ..document import events
from ..folder import files

_CHANNELS = (3, 4)


class Picture(NamedTuple):
    """A file that is still to be written.

    Attributes:
        name: Its name, which ends with the format.
        write: Writes it to a path; raises what the library that made it raises.
    """

    name: str
    write: Callable[[Path], object]


class NotAPicture(MarcelleError):
    """What was given for an asset, and is neither a file nor anything that can be made one."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"{type(value).__name__} can't be kept as an asset; give a file's path, a Matplotlib figure, a Pillow "
            "image, or an array of an image: height x width, with 3 or 4 channels where it has colors"
        )


def named(assets: Any) -> Iterator[tuple[str | None, Any]]:
    """The assets that somebody gave, each with the name that it shall have, if it was given one.

    Args:
        assets: One, a sequence of them, or a mapping from names to them.
    """
    # Mostly it is an empty list, and to ask for a Sequence takes longer.
    if type(assets) is list or (isinstance(assets, Sequence) and not isinstance(assets, (str, bytes))):
        for asset in assets:
            yield None, asset
    elif isinstance(assets, Mapping):
        for name, asset in assets.items():
            yield str(name), asset
    elif assets is not None:
        yield None, assets


def picture_of(asset: Any, name: str | None) -> Picture | None:
    """A picture of what is not a file's path; `None` for a path.

    Args:
        asset: Whatever was given.
        name: The name that it shall have.

    Raises:
        NotAPicture: It is neither.
    """
    if isinstance(asset, (str, os.PathLike)):
        return None
    if callable(getattr(asset, "savefig", None)):
        return Picture(_png(name or "figure"), lambda path: asset.savefig(path, format="png"))
    if callable(getattr(asset, "save", None)) and hasattr(asset, "mode") and hasattr(asset, "size"):
        return Picture(_png(name or "image"), lambda path: asset.save(path, format="PNG"))
    pixels = _pixels(asset)
    if pixels is None:
        raise NotAPicture(asset)
    return Picture(_png(name or "image"), lambda path: _pillow(pixels).save(path, format="PNG"))


def asset_event(
    asset: Any, directory: Path | None, epoch: int, notices: Notices, name: str | None
) -> events.Asset | None:
    """Keeps a file, a figure or an image in a run's folder.

    Args:
        asset: Whatever was given.
        directory: The run's folder, or `None` where there is none.
        epoch: The epoch that it belongs to.
        notices: What the user is told; nothing is raised into the training.
        name: What it shall be called; as the file, or as what it is, if `None`.

    Returns:
        The `asset` event; `None` when it can't be kept.
    """
    try:
        picture = picture_of(asset, name)
    except NotAPicture as error:
        notices.warn(("asset", type(asset)), f"{sentence(error)} The training goes on.")
        return None
    if picture is None:
        return files.asset_event(asset, directory, epoch, notices, name)
    return files.made_asset_event(picture.name, picture.write, directory, epoch, notices)


def _png(name: str) -> str:
    plain = name.replace("/", "-").replace("\0", "")
    return plain if plain.lower().endswith(".png") else f"{plain}.png"


def _pixels(value: Any) -> Any:
    """An array's pixels as bytes; `None` for what has not the shape of an image."""
    import numpy as np

    try:
        detached = value.detach().cpu() if hasattr(value, "detach") else value  # a tensor of PyTorch's
        array = np.asarray(detached)
    except (TypeError, ValueError, RuntimeError):  # what can't be one, each library's own way
        return None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    is_image = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS)
    if not is_image or 0 in array.shape or array.dtype.kind not in "buif":
        return None
    if array.dtype == np.uint8:
        return array
    numbers = array.astype(np.float64)
    if array.ndim == 2:
        finite = numbers[np.isfinite(numbers)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
        numbers = (numbers - low) / (high - low) if high > low else np.zeros_like(numbers)
    elif array.dtype.kind in "ui":
        numbers = numbers / 255
    return np.rint(np.clip(np.nan_to_num(numbers), 0, 1) * 255).astype(np.uint8)


def _pillow(pixels: Any) -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("images of arrays need Pillow: pip install 'marcelle-rt[images]'") from error
    return Image.fromarray(pixels)

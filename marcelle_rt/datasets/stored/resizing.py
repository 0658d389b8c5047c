"""Images resized as a page resizes what it feeds a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ...errors import UnsupportedFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

Resize = Callable[["NDArray[Any]", tuple[int, int]], "NDArray[Any]"]


def as_the_page(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resizes an image as `tfjsModel({inputType: 'image'})` does before it predicts.

    That is `tf.image.resizeBilinear(tf.browser.fromPixels(image), [h, w])`: no half-pixel centers, and no smoothing
    where the image gets smaller. The formula is that of TF.js' own kernel, `tfjs-backend-cpu/src/kernels/
    ResizeBilinear.ts` (`alignCorners` and `halfPixelCenters` false): a pixel of the result at row `r` lies at
    `r * source_height / height` of the source, and is mixed linearly from the four pixels around that place.

    Args:
        image: `[h, w, channels]`, of any type of numbers.
        size: Height and width.

    Returns:
        `float32 [*size, channels]` in the image's own range.
    """
    import numpy as np

    (top, bottom, down), (left, right, across) = (_places(image.shape[n], size[n]) for n in (0, 1))
    down, across = down[:, None, None], across[None, :, None]
    upper = _mixed(image[top].astype(np.float32), left, right, across)
    lower = _mixed(image[bottom].astype(np.float32), left, right, across)
    lower -= upper
    lower *= down
    upper += lower
    return upper


def smoothly(image: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resizes an image by Pillow's bilinear filter, in which each pixel of the source has its part."""
    from .images import scaled

    return scaled(image, size)


WAYS: dict[str, Resize] = {"page": as_the_page, "smooth": smoothly}
"""The ways of resizing, by name."""


def way(name: str) -> Resize:
    """The way of resizing of that name.

    Raises:
        UnsupportedFormat: There is none.
    """
    if name not in WAYS:
        raise UnsupportedFormat("resizing", name, WAYS)
    return WAYS[name]


@lru_cache(maxsize=64)
def _places(source: int, target: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """For each place of the result the two of the source that it lies between, and how far from the first."""
    import numpy as np

    places = np.arange(target, dtype=np.float32) * np.float32(source / target)
    before = np.minimum(np.floor(places).astype(np.intp), source - 1)
    after = np.minimum(np.ceil(places).astype(np.intp), source - 1)
    return before, after, places - before.astype(np.float32)


def _mixed(rows: NDArray[Any], left: NDArray[Any], right: NDArray[Any], across: NDArray[Any]) -> NDArray[Any]:
    first = rows[:, left]
    second = rows[:, right]
    second -= first
    second *= across
    first += second
    return first

"""Images as Marcelle stores them, and as arrays; the only file that knows Pillow and simplejpeg.

Small JPEGs, of which datasets are full, simplejpeg decodes in a quarter of the time, to the same pixels. It reads what
is plain; the rest, and where it isn't installed all, is Pillow's.
"""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING, Any

from .unreadable import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

URL = "data:image/"
"""How a text begins that is taken for an image."""

PAGE_URL = "data:image/jpeg;base64,"
"""How the only texts begin that pages turn into images."""

THUMBNAIL_WIDTH = 60  # pixels, as Marcelle's sketchPad and webcam make them
_TALLEST_THUMBNAIL = 240
_MOST_PIXELS = 50_000_000
_QUALITY = 92  # what `canvas.toDataURL('image/jpeg')` has in Chromium
_JPEG = b"\xff\xd8\xff"
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")


def is_image(head: bytes) -> bool:
    """Whether bytes begin as the files do that pages keep images in."""
    return head.startswith((_JPEG, b"\x89PNG"))


def check_depth(image: Image) -> None:
    """Refuses an image of Pillow's with more than 8 bits a channel, which no page has.

    Raises:
        Unreadable: It has more.
    """
    if image.mode[0] in "IF":
        raise Unreadable(f"has more than 8 bits a channel (mode {image.mode}); convert it to 8 first")


def decode(data: bytes) -> NDArray[Any]:
    """Reads an image file's bytes.

    Returns:
        `uint8 [h, w, 3]`, the pixels that a page sees: turned as a camera has marked it, and black where it is
        transparent.

    Raises:
        Unreadable: It is not an image, it is cut off, or it has more than 8 bits a channel.
        ImportError: Pillow is not installed.
    """
    import numpy as np

    pixels = _plain_jpeg(data)
    return np.asarray(_open(data)) if pixels is None else pixels


def decode_url(text: str) -> NDArray[Any]:
    """Reads an image from a `data:` URL, as `decode` does."""
    return decode(url_bytes(text))


def url_bytes(text: str) -> bytes:
    """The bytes in a `data:` URL.

    Raises:
        Unreadable: It is not one with base64 in it.
    """
    head, comma, content = text.partition(",")
    if not comma or not head.endswith(";base64"):
        raise Unreadable(f"begins like an image and is a text ({text[:40]!r}); a page waits forever for such an image")
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise Unreadable(f"begins like an image, and its base64 is broken ({error})") from None


def encode(pixels: NDArray[Any]) -> str:
    """The text that a page would store for an image: a `data:` URL of a JPEG at quality 92.

    It is read back before it is given away: an image that can't be decoded makes every page wait forever.

    Args:
        pixels: `uint8`, `[h, w]`, `[h, w, 1]`, `[h, w, 3]` or `[h, w, 4]`.

    Raises:
        Unreadable: It has no pixels, or more than a JPEG can have.
    """
    return _encoded(_from_pixels(pixels))


def reencode(data: bytes) -> str:
    """As `encode`, for the bytes of an image file; a JPEG that pages can read stays as it is.

    Raises:
        Unreadable: It can't be read.
    """
    image = _open(data)
    if data.startswith(_JPEG):
        return PAGE_URL + base64.b64encode(data).decode()
    return _encoded(image)


def thumbnail(url: str) -> str:
    """A small image of one that `encode` or `reencode` gave, as wide as those that Marcelle's components make."""
    image = _open(url_bytes(url))
    height = round(THUMBNAIL_WIDTH * image.height / image.width)
    return _encoded(image.resize((THUMBNAIL_WIDTH, max(1, min(height, _TALLEST_THUMBNAIL)))))


def scaled(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """An image of another height and width, by a bilinear filter without steps, as `float32`."""
    import numpy as np

    resampling = _pillow().Resampling.BILINEAR
    return np.asarray(_from_pixels(pixels).resize((size[1], size[0]), resampling), np.float32)


def from_rgba(values: NDArray[Any], width: int | None, height: int | None) -> NDArray[Any]:
    """The image of an `ImageData`'s bytes.

    Args:
        values: Red, green, blue and alpha of each pixel, one after the other.
        width: Its width; `None` if it isn't known, as in the files that pages write.
        height: Its height.

    Raises:
        Unreadable: The numbers don't make an image of that size, or of a square.
    """
    import numpy as np

    pixels = len(values) // 4
    side = round(pixels**0.5)
    width, height = (side, side) if width is None or height is None else (width, height)
    if not pixels or len(values) % 4 or width * height != pixels:
        raise Unreadable(
            f"is an image of {pixels:,} pixels whose width and height are not known, and it isn't square; "
            "pages write such files. Export the dataset with Python instead, which keeps the sizes"
        )
    return np.ascontiguousarray(values.astype(np.uint8).reshape(height, width, 4)[..., :3])


def _plain_jpeg(data: bytes) -> NDArray[Any] | None:
    """The pixels of a JPEG that nothing is special about, or `None`."""
    if not data.startswith(_JPEG) or b"Exif\0" in data:  # what a camera has marked is to be turned
        return None
    try:
        import simplejpeg
    except ImportError:
        return None
    try:
        if simplejpeg.decode_jpeg_header(data)[2] not in ("Gray", "YCbCr", "RGB"):  # it rounds CMYK differently
            return None
        pixels: NDArray[Any] = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError:  # damaged: Pillow says what is wrong
        return None
    return pixels


def _encoded(image: Image) -> str:
    target = io.BytesIO()
    try:
        image.save(target, "JPEG", quality=_QUALITY, subsampling="4:2:0")
    except (OSError, ValueError) as error:
        raise Unreadable(f"of {image.width}x{image.height} pixels can't be written as a JPEG ({error})") from None
    data = target.getvalue()
    _open(data)
    return PAGE_URL + base64.b64encode(data).decode()


def _from_pixels(pixels: NDArray[Any]) -> Image:
    import numpy as np

    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    image = _pillow().fromarray(np.ascontiguousarray(pixels))
    return _flat(image)


def _open(data: bytes) -> Image:
    """An image file's pixels in memory, as `RGB`."""
    pillow = _pillow()
    from PIL import ImageOps

    if not data:
        raise Unreadable("is empty, of 0 bytes")
    try:
        with pillow.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > _MOST_PIXELS:  # a file of some kilobytes can hold gigabytes of one color
                raise Unreadable(f"is {width} by {height} pixels; {_MOST_PIXELS // 10**6} million are the most")
            opened.load()
            image: Image = ImageOps.exif_transpose(opened) if "exif" in opened.info else opened
            check_depth(image)
            return _flat(image)
    except Unreadable:
        raise
    except pillow.UnidentifiedImageError as error:
        raise Unreadable(f"is not an image of a known kind ({', '.join(_FORMATS)})") from error
    except Exception as error:  # Pillow's readers have no error in common: OSError, SyntaxError, struct.error, ...
        raise Unreadable(f"can't be read as an image: {error or type(error).__name__}") from error


def _flat(image: Image) -> Image:
    if image.mode == "RGB":
        return image
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        black: Image = _pillow().new("RGBA", image.size, (0, 0, 0, 255))
        black.alpha_composite(image)
        return black.convert("RGB")
    return image.convert("RGB")


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("images need Pillow: pip install 'marcelle-rt[images]'") from error
    return Image

"""A folder of images: a folder a label, an image a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ...notices import Notices
from ...values import utf8
from ..stored import images
from ..stored.unreadable import Unreadable

Document = dict[str, Any]

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_NAMED = 5  # stray files that a warning names


def write(path: Path, documents: Iterable[Document]) -> int:
    """Writes an image a file, `<label>/<id>.jpg`, as it is stored.

    Labels become names of folders: what such a name can't have is written as `%2F` is for `/`.

    Raises:
        Unreadable: The folder has something in it, or an instance is not an image or has no label of one value.
        OSError: It can't be written.
    """
    if path.exists() and any(path.iterdir()):
        raise Unreadable("is a folder that has something in it; name an empty one, or one that isn't there")
    path.mkdir(parents=True, exist_ok=True)
    count = 0
    for document in documents:
        x, y = document.get("x"), document.get("y")
        if not isinstance(x, str) or not x.startswith(images.URL):
            raise Unreadable(f"can't hold instance {document['_id']!r}, which is not an image; export to a .json file")
        if isinstance(y, (list, dict)):
            raise Unreadable(
                f"can't hold instance {document['_id']!r}, whose y is not one label; export to a .json file"
            )
        data = images.url_bytes(x)
        folder = path if y is None or y == "" else path / _name(str(y))
        folder.mkdir(exist_ok=True)
        (folder / f"{_name(str(document['_id']))}.{_suffix(data)}").write_bytes(data)
        count += 1
    return count


def read(path: Path) -> Iterator[tuple[str, Callable[[], Document]]]:
    """Gives the images in a folder and in those directly in it; what is not an image is passed over, and said.

    Raises:
        Unreadable: There is no image.
        OSError: It can't be read.
    """
    if not path.is_dir():
        raise Unreadable("is not there")
    files = sorted(file for file in _files(path) if not file.is_dir())
    seen = [file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    found = [file for file in seen if file.suffix.lower() in SUFFIXES and len(file.relative_to(path).parts) <= 2]
    if stray := sorted({*seen} - {*found}):
        names = ", ".join(str(file.relative_to(path)) for file in stray[:_NAMED])
        more = f" and {len(stray) - _NAMED:,} more" if len(stray) > _NAMED else ""
        Notices().warn("stray", f"{path}: passed over what is not an image in a label's folder: {names}{more}")
    if not found:
        raise Unreadable(f"has no images ({', '.join(SUFFIXES)}), or they lie deeper than in a folder a label")
    for file in found:
        parts = file.relative_to(path).parts
        yield str(file.relative_to(path)), partial(_instance, file, unquote(parts[0]) if len(parts) == 2 else None)


def _files(path: Path) -> Iterator[Path]:
    """What is in a folder, however deep; a label's folder may be a link to one, deeper ones are not followed."""
    for entry in path.iterdir():
        if not entry.is_dir():
            yield entry
            continue
        for inner in entry.iterdir():
            yield from inner.rglob("*") if inner.is_dir() else [inner]


def _instance(file: Path, label: str | None) -> Document:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"can't be read: {error.strerror}") from error
    x = images.reencode(data)
    return {"x": x, "y": label, "thumbnail": images.thumbnail(x)}


def _name(text: str) -> str:
    """A name for a file or folder, which `unquote` undoes: `.` at the start would hide it, or lead out."""
    kept = "".join(c if c.isprintable() and c not in '%/\\:*?"<>|' else quote(c, safe="") for c in utf8(text))
    return f"%2E{kept[1:]}" if kept.startswith(".") else kept


def _suffix(data: bytes) -> str:
    kind = next((kind for head, kind in _HEADS.items() if data.startswith(head)), None)
    if kind is None:
        raise Unreadable("can't hold an image that is neither JPEG nor PNG; export to a .json file")
    return kind


_HEADS = {b"\xff\xd8": "jpg", b"\x89PNG": "png"}

"""A folder of images: a folder a label, an image a file.

A label that is longer than a folder's name may be has a folder with a shortened one, and is in `marcelle-labels.json`
beside it: an object with the names of such folders and their labels.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from ...foreign import utf8
from ...notices import Notices
from ..stored import images
from ..stored.unreadable import Unreadable

Document = dict[str, Any]

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
LABELS = "marcelle-labels.json"
_UNFINISHED = ".unfinished"  # what is written, until it is whole
_LONGEST = 200  # bytes of a name; most systems take 255, some encrypted ones fewer
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
    is_new = not path.exists()
    unfinished = path / _UNFINISHED
    unfinished.mkdir(parents=True)
    try:
        count = _write(unfinished, documents)
    except BaseException:  # also Ctrl-C: what is half written goes
        shutil.rmtree(unfinished, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # somebody has put something there
                path.rmdir()
        raise
    for entry in list(unfinished.iterdir()):
        entry.rename(path / entry.name)
    unfinished.rmdir()
    return count


def _write(path: Path, documents: Iterable[Document]) -> int:
    count = 0
    shortened: dict[str, str] = {}
    for document in documents:
        x, y = document.get("x"), document.get("y")
        if not isinstance(x, str) or not x.startswith(images.URL):
            raise Unreadable(f"can't hold instance {document['_id']!r}, which is not an image; export to a .json file")
        if isinstance(y, (list, dict)):
            raise Unreadable(
                f"can't hold instance {document['_id']!r}, whose y is not one label; export to a .json file"
            )
        data = images.url_bytes(x)
        folder = path
        if y is not None and y != "":
            folder = path / (name := _name(str(y)))
            if unquote(name) != utf8(str(y)):
                shortened[name] = utf8(str(y))
        folder.mkdir(exist_ok=True)
        (folder / f"{_name(str(document['_id']))}.{_suffix(data)}").write_bytes(data)
        count += 1
    if shortened:
        (path / LABELS).write_text(json.dumps(shortened, ensure_ascii=False, indent=1), encoding="utf-8")
    return count


def read(path: Path) -> Iterator[tuple[str, Callable[[], Document]]]:
    """Gives the images in a folder and in those directly in it; what is not an image is passed over, and said.

    Raises:
        Unreadable: There is no image.
        OSError: It can't be read.
    """
    if not path.is_dir():
        raise Unreadable("is not there")
    if (path / _UNFINISHED).is_dir():
        raise Unreadable(f"is not whole: its export was cut off; export it again, or remove {_UNFINISHED} from it")
    labels = _labels(path / LABELS)
    files = sorted(file for file in _files(path) if not file.is_dir())
    seen = [file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    found = [file for file in seen if file.suffix.lower() in SUFFIXES and len(file.relative_to(path).parts) <= 2]
    if stray := sorted({*seen} - {*found} - {path / LABELS}):
        names = ", ".join(str(file.relative_to(path)) for file in stray[:_NAMED])
        more = f" and {len(stray) - _NAMED:,} more" if len(stray) > _NAMED else ""
        Notices().warn("stray", f"{path}: passed over what is not an image in a label's folder: {names}{more}")
    if not found:
        raise Unreadable(f"has no images ({', '.join(SUFFIXES)}), or they lie deeper than in a folder a label")
    for file in found:
        parts = file.relative_to(path).parts
        label = labels.get(parts[0], unquote(parts[0])) if len(parts) == 2 else None
        yield str(file.relative_to(path)), partial(_instance, file, label)


def _labels(file: Path) -> dict[str, str]:
    """The labels of folders whose names were shortened."""
    if not file.exists():
        return {}
    try:
        labels = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"has a {LABELS} that can't be read: {error}") from error
    if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()):
        raise Unreadable(f"has a {LABELS} that does not name a label for each folder in it")
    return labels


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
    """A name for a file or folder, which `unquote` undoes if it was not shortened.

    A `.` at the start would hide it, or lead out; and one name is taken.
    """
    kept = "".join(c if c.isprintable() and c not in '%/\\:*?"<>|' else quote(c, safe="") for c in utf8(text))
    name = f"%{ord(kept[0]):02X}{kept[1:]}" if kept.startswith(".") or kept == LABELS else kept
    octets = name.encode()
    if len(octets) <= _LONGEST:
        return name
    end = hashlib.sha256(octets).hexdigest()[:16]
    return f"{octets[: _LONGEST - 17].decode('utf-8', 'ignore')}~{end}"


def _suffix(data: bytes) -> str:
    kind = next((kind for head, kind in _HEADS.items() if data.startswith(head)), None)
    if kind is None:
        raise Unreadable("can't hold an image that is neither JPEG nor PNG; export to a .json file")
    return kind


_HEADS = {b"\xff\xd8": "jpg", b"\x89PNG": "png"}

"""Marcelle's own JSON of a dataset: what `dataset.download()` writes in a page and `dataset.upload()` reads.

It is `{marcelleMeta: {type: 'dataset'}, instances: [...]}`. A page writes the first 100 instances alone, and images as
`{data: {0: red, 1: green, ...}}`, without width and height; Python writes all, and images as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ... import values
from ...notices import Notices
from ..stored import decoding, encoding, images
from ..stored.unreadable import Unreadable
from .writing import replacing

Document = dict[str, Any]

_SERVERS = ("_id", "id", "datasetName", "createdAt", "updatedAt", "userId")
"""What an instance gets anew where it is loaded."""

_PAGES_MOST = 100


def write(path: Path, documents: Iterable[Document]) -> int:
    """Writes instances one after the other, whole.

    Raises:
        OSError: The file can't be written.
    """
    count = 0
    with replacing(path) as target:
        target.write(b'{"marcelleMeta":{"type":"dataset","complete":true},"instances":[')
        for document in documents:
            renamed = {"id": document["_id"], **{key: value for key, value in document.items() if key != "_id"}}
            target.write((b",\n" if count else b"\n") + values.dumps(renamed))
            count += 1
        target.write(b"\n]}\n")
    return count


def read(path: Path) -> Iterator[tuple[str, Callable[[], Document]]]:
    """Gives the instances of a file.

    Raises:
        Unreadable: It is another JSON, or none.
        OSError: It can't be read.
    """
    try:
        content = values.loads(path.read_bytes())
    except ValueError as error:
        raise Unreadable(f"is not JSON ({error})") from None
    instances = content.get("instances") if isinstance(content, Mapping) else None
    if not isinstance(instances, list) or not all(isinstance(instance, Mapping) for instance in instances):
        raise Unreadable("is a JSON of another kind: it has no list of `instances`, as Marcelle's datasets have")
    meta = content.get("marcelleMeta")
    if len(instances) == _PAGES_MOST and not (isinstance(meta, Mapping) and meta.get("complete")):
        Notices().warn(
            "pages' download",
            f"{path.name} has {_PAGES_MOST} instances, the most that a page's download writes; the dataset may have "
            "had more. Dataset.export writes all of them.",
        )
    for place, instance in enumerate(instances):
        yield f"instances[{place}]", _Maker(instance)


class _Maker:
    """Makes an instance's fields as they are stored."""

    def __init__(self, instance: Mapping[str, Any]) -> None:
        self._instance = instance

    def __call__(self) -> Document:
        fields = {key: _stored(key, value) for key, value in self._instance.items() if key not in _SERVERS}
        if not isinstance(fields.get("thumbnail", ""), str):
            del fields["thumbnail"]
        if "thumbnail" not in fields and encoding.is_image_url(fields.get("x")):
            fields["thumbnail"] = images.thumbnail(fields["x"])
        return fields


def _stored(field: str, value: Any) -> Any:
    if field == "thumbnail":
        return value
    if isinstance(value, str) and value.startswith(images.URL):
        return encoding.value(value)
    if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping):
        decoded = decoding.value(value)
        return images.encode(decoded) if hasattr(decoded, "shape") else value
    return value

"""Models that pages have stored: their documents and files, for Keras and for NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ...errors import ConversionError, FeathersError, NotFound
from .link import Link, checked_document
from .run_documents import TFJS_MODELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...models.from_browser import Saved

KNN = "knn-classifier-models"

_Document = dict[str, Any]


class BrowserModel(NamedTuple):
    """A model of a page's in Keras.

    Attributes:
        model: The Keras model; compile it to train it further.
        labels: The classes in the order of its outputs, or `None` where it has none.
    """

    model: Any
    labels: list[Any] | None


class Examples(NamedTuple):
    """What a page's kNN classifier has learned.

    Attributes:
        x: `float32 [n, features]`.
        y: The label of each.
    """

    x: NDArray[Any]
    y: NDArray[Any]


def load_model(link: Link, id_or_name: str) -> BrowserModel:
    """Makes a Keras model of one that a page has stored."""
    from ...models import from_browser

    document = _document(link, TFJS_MODELS, id_or_name)
    return BrowserModel(from_browser.to_keras(_saved(link, document)), _labels(document))


def load_weights(link: Link, model: Any, id_or_name: str) -> list[Any] | None:
    """Puts the weights of a model that a page has stored into another; returns the page's labels."""
    from ...models import from_browser

    document = _document(link, TFJS_MODELS, id_or_name)
    from_browser.set_weights(model, _saved(link, document))
    return _labels(document)


def load_examples(link: Link, id_or_name: str) -> Examples:
    """The examples of a kNN classifier that a page has stored."""
    import numpy as np

    document = _document(link, KNN, id_or_name)
    metadata = document.get("metadata")
    data = metadata.get("data") if isinstance(metadata, Mapping) else None
    if not isinstance(data, Mapping) or not data:
        raise ConversionError("NumPy", f"model {id_or_name!r}", "it has no examples; train it in the page first")
    try:
        rows = [np.asarray(examples, np.float32) for examples in data.values()]
        x = np.concatenate(rows)
    except (TypeError, ValueError) as error:
        raise ConversionError(
            "NumPy", f"model {id_or_name!r}", f"its examples are not equally long ({error})"
        ) from None
    return Examples(x, np.repeat(np.asarray(list(data)), [len(examples) for examples in rows]))


def _document(link: Link, service_name: str, id_or_name: str) -> _Document:
    """A model's document, found as a page finds it: by its id, or the newest of that name."""
    service = link.service(service_name)
    try:
        return checked_document(service.get(id_or_name), link.location)
    except FeathersError:  # a name is not an id: NotFound, or what a database says of ids of another form
        found = service.first({"name": id_or_name, "$sort": {"updatedAt": -1}}, 1)
    if found:
        return checked_document(found[0], link.location)
    names = sorted({str(document.get("name")) for document in service.items({"$select": ["name"]})})
    known = f"; there are {', '.join(map(repr, names[:20]))}" if names else ", and no other"
    raise NotFound(f"there is no model of the id or name {id_or_name!r}{known}", call=f"{service_name}.get")


def _labels(document: Mapping[str, Any]) -> list[Any] | None:
    metadata = document.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return labels if isinstance(labels, list) else None


def _saved(link: Link, document: _Document) -> Saved:
    from ...models import from_browser

    name = str(document.get("name"))
    files = document.get("files")
    listed = {str(pair[0]) for pair in files if isinstance(pair, list) and pair} if isinstance(files, list) else set()

    def read(file: str) -> bytes:
        if file not in listed:
            raise ConversionError("Keras", f"model {name!r}", f"its file {file!r} is not on the backend")
        path = f"{TFJS_MODELS}/{quote(str(document['_id']), safe='')}/{quote(file, safe='')}"
        return link.store.http.download(path)

    return from_browser.read(name, read("model.json"), read)

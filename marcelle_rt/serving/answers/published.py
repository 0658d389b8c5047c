"""The model that a task's jobs have published last, as a predictor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...client.data_store import DataStore
from ...datasets.stored.resizing import as_the_page
from ...errors import InvalidData, MarcelleError, NotFound
from ...runs.remote.browser_models import BrowserModel
from ...runs.remote.remote import Remote
from ...runs.remote.run_documents import TFJS_MODELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVENTS = ("created", "updated", "patched", "removed")


class NoModel(MarcelleError):
    """A task of which no job has published a model."""


class NotFinite(MarcelleError):
    """A model whose outputs are NaN or infinite."""


class Published:
    """Predicts with the newest model of a name, which it loads when it is asked; for one thread.

    `_changes` is written on the dispatcher thread and by `look_again`; all else by the thread that asks.

    Args:
        store: The backend.
        name: The model's name.
    """

    def __init__(self, store: DataStore, name: str) -> None:
        self._store = store
        self._name = name
        self._remote = Remote(store)
        self._models = store.service(TFJS_MODELS)
        self._changes = 0  # how often the model may have changed
        self._loaded_at = -1
        self._model: BrowserModel | None = None
        for event in _EVENTS:
            self._models.on(event, self._on_event)

    def __call__(self, x: Any) -> Any:
        """A prediction, as a page's own `tfjsModel` makes it of the same model.

        Args:
            x: `uint8 [h, w, 3]`, resized as pages do, or numbers of the model's input shape.

        Returns:
            `{"label", "confidences"}` where the model has labels, else the outputs.

        Raises:
            NoModel: There is no model yet.
            InvalidData: The model takes another shape, or the input has numbers that are not finite.
            NotFinite: The model's outputs are not.
            MarcelleError: It can't be loaded.
        """
        import numpy as np

        model, labels = self._current()
        outputs = model.predict_on_batch(_fitting(x, tuple(model.input_shape[1:]))[None])
        values = np.asarray(outputs)[0]
        if not np.isfinite(values).all():
            raise NotFinite(f"what {self._name} says of this input is not finite: it has NaN or infinity in it")
        if labels is None or values.shape != (len(labels),):
            return values
        confidences = {str(label): float(value) for label, value in zip(labels, values, strict=True)}
        return {"label": str(labels[int(values.argmax())]), "confidences": confidences}

    def look_again(self) -> None:
        """Has the model loaded anew, because events were missed."""
        self._changes += 1

    def close(self) -> None:
        """Follows the model no more."""
        for event in _EVENTS:
            self._models.off(event, self._on_event)

    def _on_event(self, document: dict[str, Any]) -> None:
        if document.get("name") == self._name:
            self._changes += 1

    def _current(self) -> BrowserModel:
        changes = self._changes
        if self._model is None or self._loaded_at != changes:
            try:
                self._model = self._remote.load_model(self._name)
            except NotFound as error:
                self._model = None
                raise NoModel(f"{self._name} has no model yet; train it first") from error
            self._loaded_at = changes
        return self._model


def _fitting(x: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """An input as the model takes it.

    Raises:
        InvalidData: It can't be one.
    """
    import numpy as np

    if isinstance(x, np.ndarray) and x.dtype == np.uint8 and x.ndim == 3 and len(shape) == 3:
        height, width = shape[0] or x.shape[0], shape[1] or x.shape[1]
        x = as_the_page(x, (height, width))
    try:
        numbers = np.asarray(x, np.float32)
    except (TypeError, ValueError):
        raise InvalidData("x", x, f"is not numbers; the model takes {_words(shape)}") from None
    fits = len(numbers.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, numbers.shape, strict=False)
    )
    if not fits:
        given = _words(numbers.shape)
        raise InvalidData("x", f"an input of {given}", f"does not fit the model, which takes {_words(shape)}")
    if not np.isfinite(numbers).all():  # JSON has null in their place
        raise InvalidData("x", "an input", "with numbers that are missing, NaN or infinite has no prediction")
    return numbers


def _words(shape: tuple[int | None, ...]) -> str:
    """A shape for people: `64 x 64 x 3`."""
    return " x ".join("any" if size is None else str(size) for size in shape) or "one number"

"""Remote: runs, model checkpoints and assets on one backend, for those who upload by hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from ... import formats
from ...cards import card
from ...client.data_store import DataStore
from ...errors import MarcelleError
from ...values import to_wire
from ..document.delta import Acknowledged, compare, next_patch, opening
from ..document.events import RUNS
from ..document.run import Run
from ..document.run_data import RunData
from . import browser_models, naming, removal
from .browser_models import BrowserModel, Examples
from .link import Link, checked_document
from .publishing import ModelPublisher
from .run_documents import RunDocuments
from .uploads import FileUploads


class Remote:
    """Saves runs, model checkpoints and assets on a Marcelle backend.

    Example:
        >>> with Remote("http://localhost:3030") as remote:
        ...     run = remote.retrieve_run("2026-11-24T09:30:00.000Z")
    """

    def __init__(
        self,
        backend_root: str | DataStore | None = None,
        save_format: str = "tfjs",
        source: str = "keras",
        *,
        public: bool = False,
    ) -> None:
        """Prepares a remote; it connects at its first use.

        Args:
            backend_root: The backend's URL, or a `DataStore` of yours (one that is signed in, say), which
                `close` then leaves open. `$MARCELLE_BACKEND` or `http://localhost:3030` if `None`.
            save_format: The format of the models that it uploads, `"tfjs"` or `"onnx"`.
            source: The framework of the runs and models.
            public: Let users see the runs, models and assets who sign in as somebody else.

        Raises:
            UnsupportedFormat: For another `save_format`.
            InvalidData: For what is not a URL.
        """
        formats.remote_format(save_format, "save_format")
        self.link: Link = Link(backend_root, save_format, public=public)
        self.source = source
        self.run_id: str | None = None
        self._run_data: Mapping[str, Any] | None = None
        self._uploads = FileUploads(self.link)
        self._publishers: dict[str, ModelPublisher] = {}

    @property
    def store(self) -> DataStore:
        """The backend's store."""
        return self.link.store

    @property
    def location(self) -> str:
        """The backend's URL."""
        return self.link.location

    @property
    def save_format(self) -> str:
        """The format of the models that it uploads."""
        return self.link.save_format

    def close(self) -> None:
        """Lets go of the connection."""
        self.link.close()

    def __repr__(self) -> str:
        return f"Remote({self.location!r}, save_format={self.save_format!r})"

    def _repr_html_(self) -> str:
        return card("Remote", {"backend": self.location, "status": self.store.status, "models as": self.save_format})

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def create(self, run_data: RunData | dict[str, Any]) -> dict[str, Any]:
        """Creates a training run on the backend.

        Args:
            run_data: The run as `RunData` describes it; needs `basename`. `_id`, `name`, `start`, `params`,
                `logs`, `checkpoints` and `assets` are filled in where they are missing, also in the mapping
                itself, so that it can be changed and given to `update`.

        Returns:
            The stored document.

        Raises:
            InvalidData: For what a document can't hold.
            MarcelleError: What the backend or the line raised.
        """
        given = cast("dict[str, Any]", run_data)
        naming.complete_run_data(given, self.source)
        data = to_wire(given, "run_data")
        run = Run.of(data)
        patch = opening(run, self.link.message_limit)
        document = RunDocuments(self.link).create(patch.data)
        given["name"] = document["name"]
        self.run_id, self._run_data = run.id, given
        known = Acknowledged()
        known.accept(patch)
        return self._level(run, known, document)

    def update(self, run_data: RunData | dict[str, Any] | None = None) -> dict[str, Any]:
        """Updates the run that was created or retrieved last; only what differs is sent.

        Args:
            run_data: The fields to update. If `None`, the mapping that was given to `create`, as it is now.

        Returns:
            The stored document.

        Raises:
            MarcelleError: When no run was created or retrieved before, or what the backend raised.
        """
        data = self._run_data if run_data is None else cast("dict[str, Any]", run_data)
        if self.run_id is None or data is None:
            raise MarcelleError("There is no run to update; call create() or retrieve_run() first.")
        document = self.link.service(RUNS).get(self.run_id)
        fields = {k: v for k, v in to_wire(data, "run_data").items() if k not in ("_id", "rev")}
        run = Run.of({**fields, "_id": self.run_id})
        run.lists = {path: v for path, v in run.lists.items() if path.split(".")[0] in fields}
        return self._level(run, compare(run, document), document)

    def _level(self, run: Run, known: Acknowledged, document: dict[str, Any]) -> dict[str, Any]:
        while (patch := next_patch(run, known, self.link.message_limit)) is not None:
            document = self.link.service(RUNS).patch(run.id, patch.data)
            known.accept(patch)
        return document

    def upload_model(
        self, path_to_model: str | os.PathLike[str], local_format: str, metadata: dict[str, Any] = {}
    ) -> dict[str, Any]:
        """Converts a saved model to the remote's `save_format`, and uploads it.

        Args:
            path_to_model: The file or folder.
            local_format: How it was saved: `"h5"`, `"saved_model"` or `"keras"`.
            metadata: What to keep with the model. `labels`, a list of class names, gives a dashboard's
                classification its names.

        Returns:
            The stored model's document.

        Raises:
            UnsupportedFormat: For an unknown `local_format`.
            ConversionError: When the model can't be carried over.
            MarcelleError: What the backend or the line raised; nothing of the model is left there then.
        """
        return self._uploads.saved_model(os.fspath(path_to_model), local_format, metadata)

    def upload_tfjs_model(self, tmp_path: str | os.PathLike[str], metadata: dict[str, Any] = {}) -> dict[str, Any]:
        """Uploads a TensorFlow.js model.

        Args:
            tmp_path: The folder with `model.json` and its weights.
            metadata: What to keep with the model.

        Returns:
            The stored model's document.

        Raises:
            ConversionError: When `model.json` or a file that it names is missing.
            MarcelleError: What the backend or the line raised; nothing of the model is left there then.
        """
        return self._uploads.tfjs(os.fspath(tmp_path), metadata)

    def upload_onnx_model(self, tmp_path: str | os.PathLike[str], metadata: dict[str, Any] = {}) -> dict[str, Any]:
        """Uploads an ONNX model.

        Args:
            tmp_path: The `.onnx` file.
            metadata: What to keep with the model.

        Returns:
            The stored model's document.

        Raises:
            ConversionError: When the file is missing or empty.
            MarcelleError: What the backend or the line raised; nothing of the model is left there then.
        """
        return self._uploads.onnx(os.fspath(tmp_path), metadata)

    def publish_model(
        self, name: str, model: Any, labels: Sequence[Any] | None = None, *, public: bool = False
    ) -> dict[str, Any]:
        """Makes a model the current one under a name, so that pages which follow that name load it at once.

        A page follows it by `tfjsModel({...}).sync(store, name)`. Publications of one name are a second apart, so that
        each page has the time to load: one that comes sooner waits, and one that waits while a newer one comes is
        left out.

        Args:
            name: The name that pages follow.
            model: A Keras model, or the path of a saved one.
            labels: The classes in the order of its outputs, which gives a page's classification its names; `None`
                keeps those of the model before.
            public: Let users see it who sign in as somebody else.

        Returns:
            The document of the model that is now there; it stays the same, and so does its `_id`.

        Raises:
            ConversionError: When the model can't be carried over.
            InvalidData: The name is that of a run's checkpoints, or the labels are not a list of names.
            MarcelleError: What the backend or the line raised; pages keep the model that they had.
        """
        from ... import models

        names = formats.class_names(labels)
        publisher = self._publishers.get(name) or ModelPublisher(self.link, self._uploads, name)
        publisher = self._publishers.setdefault(name, publisher)
        with tempfile.TemporaryDirectory(prefix="marcelle-") as folder:
            models.convert(model, Path(folder), "tfjs")
            return publisher.publish(folder, names, public or self.link.public)

    def load_model(self, id_or_name: str) -> BrowserModel:
        """Makes a Keras model of one that a page has trained or trained further, and stored.

        Args:
            id_or_name: The model's `_id`, or the name that the page gives to `save` or `sync`; the newest of that name.

        Returns:
            `model, labels`. The model is not compiled; the labels are in the order of its outputs.

        Raises:
            NotFound: There is none; the message says which there are.
            ConversionError: It is a graph-model, or has a layer that is not known; it names the layer.
            MarcelleError: What the backend or the line raised.
        """
        return browser_models.load_model(self.link, id_or_name)

    def load_weights(self, model: Any, id_or_name: str) -> list[Any] | None:
        """Puts the weights of a page's model into a model of your own, by the names of its layers.

        Args:
            model: A built Keras model; it changes only if every weight fits.
            id_or_name: As for `load_model`.

        Returns:
            The page's labels, or `None` where it has none.

        Raises:
            NotFound: There is no such model.
            ConversionError: A weight is missing, of another shape, or has no place in the model.
            MarcelleError: What the backend or the line raised.
        """
        return browser_models.load_weights(self.link, model, id_or_name)

    def load_examples(self, id_or_name: str) -> Examples:
        """What a page's `knnClassifier` has learned, which are the examples themselves.

        Args:
            id_or_name: As for `load_model`.

        Returns:
            `x, y`: `float32 [n, features]`, each row of length 1 as the classifier keeps it, and the label of each.

        Raises:
            NotFound: There is no such model.
            ConversionError: It has no examples.
            MarcelleError: What the backend or the line raised.
        """
        return browser_models.load_examples(self.link, id_or_name)

    def upload_asset(self, path_to_asset: str | os.PathLike[str], metadata: dict[str, Any] = {}) -> dict[str, Any]:
        """Uploads a file of any kind that the backend allows.

        Args:
            path_to_asset: The file.
            metadata: What to keep with it.

        Returns:
            The stored asset's document: `_id`, `url`, `filename`, `extension`, `mime` and the metadata.

        Raises:
            InvalidData: When the file is missing or empty, or of a kind that the backend does not allow.
            MarcelleError: What the backend or the line raised; nothing of the file is left there then.
        """
        return self._uploads.asset(os.fspath(path_to_asset), metadata)

    def retrieve_run(self, run_start_at: str) -> dict[str, Any] | bool:
        """Finds a run by the time that it started.

        Args:
            run_start_at: The run's `start`, as its document has it.

        Returns:
            The run's document, or `False` when there is none.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        query = {"source": self.source, "start": run_start_at, "$sort": {"start": -1}}
        documents = self.link.service(RUNS).first(query, 1)
        if not documents:
            return False
        document = checked_document(documents[0], self.location)
        self.run_id, self._run_data = document["_id"], document
        return document

    def remove_run(self, run_data: RunData | dict[str, Any]) -> bool:
        """Removes a run with the models and assets that belong to it.

        Args:
            run_data: The run; needs `_id` and `checkpoints`.

        Returns:
            Whether all of it is gone. A warning names what stayed.

        Raises:
            InvalidData: When `_id` is missing.
        """
        return removal.remove_run(self.link, cast("dict[str, Any]", run_data))

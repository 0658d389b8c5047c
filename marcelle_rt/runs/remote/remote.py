"""Run documents, models and assets on one backend."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any, cast

from ...client.data_store import DataStore
from ...client.service import Service
from ...errors import FeathersError, MarcelleError, NotFound, UnsupportedFormat
from ...values import REST_LIMIT, SOCKET_LIMIT, to_wire
from ..document.delta import Acknowledged, compare, next_patch, opening
from ..document.run import Event, Run
from ..document.run_data import RunData
from ..document.shapes import stored as stored_document
from . import heartbeat, naming
from . import uploads as stored

REMOTE_FORMATS = ("tfjs", "onnx")


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
    ) -> None:
        """Prepares a remote; it connects at its first use.

        Args:
            backend_root: The backend's URL, or a `DataStore` of yours (one that is signed in, say), which
                `close` then leaves open. `$MARCELLE_BACKEND` or `http://localhost:3030` if `None`.
            save_format: The format of the models that it uploads, `"tfjs"` or `"onnx"`.
            source: The framework of the runs and models.

        Raises:
            UnsupportedFormat: For another `save_format`.
            InvalidData: For what is no URL.
        """
        if save_format not in REMOTE_FORMATS:
            raise UnsupportedFormat("save_format", save_format, REMOTE_FORMATS)
        self._owns_store = not isinstance(backend_root, DataStore)
        self.store = backend_root if isinstance(backend_root, DataStore) else DataStore(backend_root)
        self.save_format = save_format
        self.source = source
        self.unowned: dict[tuple[str, str], dict[str, Any]] = {}  # documents whose files are there, by service and key
        self.run_id: str | None = None
        self._run_data: Mapping[str, Any] | None = None
        self._rest: DataStore | None = None

    @property
    def location(self) -> str:
        """The backend's URL."""
        return self.store.location

    @property
    def way(self) -> DataStore:
        """The store that the remote's own calls go over: by socket, or by REST."""
        return self._rest or self.store

    def go_by(self, rest: DataStore | None) -> None:
        """Lets the remote's own calls go by REST, over that store, or by socket again.

        Args:
            rest: What `store.by_rest()` gives; it stays its owner's.
        """
        self._rest = rest

    @property
    def message_limit(self) -> int:
        """The most bytes in one message about a run; what the frame or request adds has room above it."""
        return SOCKET_LIMIT - 100_000 if self._rest is None else REST_LIMIT - 10_000

    @property
    def _runs(self) -> Service:
        return self.way.service("runs")

    def close(self) -> None:
        """Lets go of the connection."""
        if self._owns_store:
            self.store.close()

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
        patch = opening(run, self.message_limit)
        document = self.create_run(patch.data)
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
        document = self._runs.get(self.run_id)
        fields = {k: v for k, v in to_wire(data, "run_data").items() if k not in ("_id", "rev")}
        run = Run.of({**fields, "_id": self.run_id})
        run.lists = {path: v for path, v in run.lists.items() if path.split(".")[0] in fields}
        return self._level(run, compare(run, document), document)

    def _level(self, run: Run, known: Acknowledged, document: dict[str, Any]) -> dict[str, Any]:
        while (patch := next_patch(run, known, self.message_limit)) is not None:
            document = self._runs.patch(run.id, patch.data)
            known.accept(patch)
        return document

    def upload_model(self, path_to_model: str, local_format: str, metadata: dict[str, Any] = {}) -> dict[str, Any]:
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
        return stored.upload_saved_model(self, path_to_model, local_format, metadata)

    def upload_tfjs_model(self, tmp_path: str, metadata: dict[str, Any] = {}) -> dict[str, Any]:
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
        return stored.upload_tfjs(self, tmp_path, metadata)

    def upload_onnx_model(self, tmp_path: str, metadata: dict[str, Any] = {}) -> dict[str, Any]:
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
        return stored.upload_onnx(self, tmp_path, metadata)

    def upload_asset(self, path_to_asset: str, metadata: dict[str, Any] = {}) -> dict[str, Any]:
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
        return stored.upload_asset(self, path_to_asset, metadata)

    def retrieve_run(self, run_start_at: str) -> dict[str, Any] | bool:
        """Finds a run by the time that it started.

        Args:
            run_start_at: The run's `start`, as its document has it.

        Returns:
            The run's document, or `False` when there is none.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        query = {"source": self.source, "start": run_start_at, "$sort": {"start": -1}, "$limit": 1}
        found = self._runs.find({"query": query})
        documents = found["data"] if isinstance(found, dict) else found
        if not documents:
            return False
        document = stored_document(documents[0], self.location)
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
        return stored.remove_run(self, cast("dict[str, Any]", run_data))

    # What a replica is made of.

    def read_run(self, run_id: str) -> dict[str, Any] | None:
        """A run's document, or `None` when the backend has none of that `_id`."""
        try:
            return stored_document(self._runs.get(run_id), self.location)
        except NotFound:
            return None

    def has_run(self, run_id: str) -> bool:
        """Whether the backend has a run of that `_id`."""
        try:
            self._runs.get(run_id, {"query": {"$select": ["_id"]}})
        except NotFound:
            return False
        return True

    def was_removed(self, run_id: str) -> bool:
        """Whether a run that is gone was removed by somebody: what a database loses, it loses with the heartbeat."""
        return heartbeat.is_there(self, run_id)

    def create_run(self, data: dict[str, Any]) -> dict[str, Any]:
        """Creates a run's document, under the next free name if it has none; one that is there is returned."""
        named = "name" in data
        name = data["name"] if named else naming.free_name(self._runs, data["basename"])
        try:
            document = stored_document(self._runs.create({**data, "name": name}), self.location)
        except FeathersError:
            existing = self.read_run(data["_id"])  # an earlier attempt may have come through
            if existing is None:
                raise
            document = existing
        return document if named else naming.settle_name(self._runs, document)

    def patch_run(self, run_id: str, data: dict[str, Any], rev: str) -> dict[str, Any]:
        """Patches a run's document, unless it has a newer `rev`; `NotFound` then, and when it is gone."""
        patched = self._runs.patch(run_id, data, {"query": {"rev": {"$lte": rev}}})
        return stored_document(patched, self.location)

    def mark_run(self, run_id: str, rev: str) -> None:
        """Gives a run's document that has none a `rev`."""
        self._runs.patch(run_id, {"rev": rev})

    def replace_run(self, run_id: str, data: dict[str, Any]) -> dict[str, Any]:
        """Replaces a run's document, but for its name."""
        name = self._runs.get(run_id).get("name")
        return stored_document(self._runs.update(run_id, {**data, "name": name}), self.location)

    def remove_file(self, uploaded: Event) -> None:
        """Removes a model or an asset with its files; one that is gone already is gone.

        Args:
            uploaded: The `uploaded` event that stands for it.
        """
        stored.remove_file(self.way, uploaded["entry"])

    def create_beside(self, service: str, document: Mapping[str, Any]) -> None:
        """Creates a document beside a run; one that is there already is left as it is."""
        target = self.way.service(service)
        try:
            target.create(document)
        except FeathersError:
            try:
                target.get(document["_id"])  # an earlier attempt may have come through
            except NotFound:
                pass
            else:
                return
            raise

    def remove_beside(self, service: str, identity: str) -> None:
        """Removes a document beside a run; one that is gone already is gone."""
        with contextlib.suppress(NotFound):
            self.way.service(service).remove(identity)

    def beside(self, service: str, run_id: str) -> set[str]:
        """The ids of a run's documents in a service."""
        query = {"runId": run_id, "$select": ["_id"]}
        found = self.way.service(service).items(query)
        return {stored_document(document, self.location)["_id"] for document in found}

    def uploaded_files(self, run: Run, document: Mapping[str, Any]) -> list[Event]:
        """Asks the backend which of a run's files it has.

        Returns:
            An `uploaded` event for each, those first that the run's document lists.
        """
        return stored.uploaded_files(self.way, run, document)

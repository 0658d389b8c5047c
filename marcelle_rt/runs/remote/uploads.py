"""Models and assets as a backend stores them: the files first, by one POST, then the document that owns them.

What the upload routes take and answer was measured on `@marcellejs/backend` 0.6.5: files whose *field* name
they don't like are dropped with status 200, and the answer lists what was kept.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import re
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from ...client.data_store import DataStore
from ...errors import (
    AWAY,
    BadRequest,
    ConversionError,
    FeathersError,
    Forbidden,
    InvalidData,
    MarcelleError,
    MethodNotAllowed,
    NotFound,
)
from ...notices import Notices, logger
from ...values import to_wire
from ..document import shapes
from ..document.run import Event, Run
from ..sync.side_documents import SERVICES as SIDE_SERVICES
from . import heartbeat

if TYPE_CHECKING:
    from .remote import Remote

MODEL_SERVICES = ("tfjs-models", "onnx-models")

_OWN = ("_id", "files", "format", "metadata", "url", "extension")  # keys that a user's metadata can't take


def upload_saved_model(remote: Remote, path: str, local_format: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a saved model, and uploads what came of it."""
    from ... import models

    with tempfile.TemporaryDirectory(prefix="marcelle-") as folder:
        models.convert(Path(path), Path(folder), remote.save_format, local_format=local_format)
        return upload_converted(remote, Path(folder), remote.save_format, metadata)


def upload_converted(remote: Remote, folder: Path, remote_format: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Uploads a folder that `models.convert` filled."""
    if remote_format == "tfjs":
        return upload_tfjs(remote, str(folder), metadata)
    return upload_onnx(remote, str(folder / "model.onnx"), metadata)


def upload_tfjs(remote: Remote, path: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Uploads a folder with `model.json` and its weights."""
    folder = Path(path)
    try:
        model = json.loads((folder / "model.json").read_bytes())
        weights = [name for group in model["weightsManifest"] for name in group["paths"]]
        model_format = model["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversionError("tfjs", str(folder), f"has no model.json that can be read ({error})") from error
    files = [("model.json", "model.json", folder / "model.json", "application/json")]
    for name in weights:
        if "/" in name or "\\" in name:
            raise ConversionError("tfjs", name, "is a path; weights must lie beside model.json")
        files.append((name, name, folder / name, "application/octet-stream"))
    return _store_model(remote, "tfjs", files, {"tfjsModelFormat": model_format}, metadata, folder.name)


def upload_onnx(remote: Remote, path: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Uploads an `.onnx` file."""
    file = Path(path if path.endswith(".onnx") else f"{path}.onnx")
    name = _plain_name(file)
    files = [(name, name, file, "application/octet-stream")]
    return _store_model(remote, "onnx", files, {}, metadata, file.stem)


def _store_model(
    remote: Remote,
    remote_format: str,
    files: list[tuple[str, str, Path, str]],
    facts: dict[str, Any],
    metadata: Mapping[str, Any],
    name: str,
) -> dict[str, Any]:
    for _, _, path, _ in files:
        if not path.is_file() or path.stat().st_size == 0:
            raise ConversionError(remote_format, str(path), "is missing or empty; save the model again")
    own = to_wire(dict(metadata), "metadata")
    service = remote.way.service(f"{remote_format}-models")
    if (unowned := remote.unowned.pop((service.name, own.get("key")), None)) is not None:
        return _create(remote, service.name, unowned, again=True)
    answer = remote.way.rest.post_files(f"{remote_format}-models/upload", files)
    stored = _checked(answer if isinstance(answer, list) else [], remote.location)
    document = {
        "name": name,
        **{key: value for key, value in own.items() if key not in _OWN},
        "files": stored,
        "format": remote_format,
        "metadata": {**{key: value for key, value in own.items() if key != "name"}, **facts},
    }
    missing = {name for _, name, _, _ in files} - {name for name, _ in stored}
    if not missing:
        return _create(remote, service.name, document)
    if stored:
        _discard(remote, service.name, document)
    raise BadRequest(f"the backend did not keep {', '.join(sorted(missing))}", call=f"{service.name}/upload")


def _create(remote: Remote, service_name: str, document: dict[str, Any], again: bool = False) -> dict[str, Any]:
    """Creates the document of files that are there; its `_id` tells whether a call without an answer came through."""
    service = remote.way.service(service_name)
    document = {"_id": _identity(service_name, document), **document}
    try:
        if again:
            try:
                return shapes.stored(service.get(document["_id"]), remote.location)
            except NotFound:
                pass
        return shapes.stored(service.create(document), remote.location)
    except FeathersError:
        there = _read(remote, service_name, document["_id"])
        if there is None or any(there.get(field) != document.get(field) for field in ("files", "url")):
            _discard(remote, service_name, document)
        if there is None:
            raise
        return there  # another process of this run has uploaded it, or one that was killed: its line let go of it late
    except AWAY:
        if not again:
            return _create(remote, service_name, document, again=True)
        if "key" in document:  # who uploads that file again finds it here
            remote.unowned[service_name, document["key"]] = document
        raise


def _identity(service_name: str, document: Mapping[str, Any]) -> str:
    """The `_id` of a file's document: for a file of a run always the same, so that there can't be two."""
    if "runId" in document and "key" in document:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{service_name}/{document['runId']}/{document['key']}"))
    return str(uuid.uuid4())


def _read(remote: Remote, service_name: str, identity: str) -> dict[str, Any] | None:
    try:
        return shapes.stored(remote.way.service(service_name).get(identity), remote.location)
    except FeathersError:  # it is not there, or may not be read
        return None


def _discard(remote: Remote, service_name: str, document: dict[str, Any]) -> None:
    """Removes files that no document owns: a backend removes files only together with their document."""
    service = remote.way.service(service_name)
    bare = {key: document[key] for key in ("files", "format", "url", "filename") if key in document}
    try:
        service.remove(service.create(bare)["_id"])
    except MarcelleError as error:
        logger.warning("files of a failed upload stay at %s (%s): %s", remote.location, service_name, error)


def _checked(answer: list[Any], location: str) -> list[list[str]]:
    """The upload route's answer, if it is what it should be: a pair of names a file, none of them a way out."""
    for pair in answer:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)):
            raise InvalidData(f"{location}'s answer", pair, "is no [filename, path] pair; nothing was stored")
        _safe_path(pair[1], location)
    return answer


def _safe_path(path: Any, location: str) -> str:
    text = str(path)
    if not text or text.startswith("/") or "\\" in text or ".." in PurePosixPath(text).parts:
        raise InvalidData(f"{location}'s answer", path, "leads outside the backend's folder; nothing was stored")
    return text


def upload_asset(remote: Remote, path: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Uploads one file, and creates its document."""
    file = Path(path)
    if not file.is_file():
        raise InvalidData("path_to_asset", str(path), "is no file; check the path")
    if file.stat().st_size == 0:
        raise InvalidData("path_to_asset", str(path), "is empty; write it before it is uploaded")
    own = to_wire(dict(metadata), "metadata")
    if (unowned := remote.unowned.pop(("assets", own.get("key")), None)) is not None:
        return _create(remote, "assets", unowned, again=True)
    name, mime = _plain_name(file), mime_of(file)
    try:
        answer = remote.way.rest.post_files("assets/upload", [(name, name, file, mime)])
    except BadRequest as error:
        raise InvalidData(
            "path_to_asset", str(path), f"is of a kind that the backend refuses: {error.message}"
        ) from error
    url = _safe_path(answer.get(name) if isinstance(answer, Mapping) else None, remote.location)
    document = {
        **{key: value for key, value in own.items() if key not in _OWN},
        "url": url,
        "filename": own.get("filename", file.name),
        "extension": file.suffix.lower(),
        "mime": mime,
    }
    return _create(remote, "assets", document)


def mime_of(path: Path) -> str:
    """A file's media type, by its name."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _plain_name(path: Path) -> str:
    """A name that survives forms, URLs and every file system: ASCII letters, digits, `-`, `_`, and `.` once."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_") or "file"
    return stem[:80] + path.suffix.lower()


def entry_of(document: Mapping[str, Any], service: str) -> dict[str, Any]:
    """The entry in a run's `checkpoints` or `assets` that stands for a stored document."""
    if service == "assets":
        entry = {k: document[k] for k in ("_id", "url", "filename", "mime", "epoch", "local_path") if k in document}
        return entry
    metadata = {k: v for k, v in document.get("metadata", {}).items() if k not in ("runId", "key")}
    return {"id": document["_id"], "name": document.get("name", ""), "service": service, "metadata": metadata}


def uploaded_files(store: DataStore, run: Run, document: Mapping[str, Any]) -> list[Event]:
    """Asks a backend which of a run's files it has; those first that the run's document lists."""
    events: list[Event] = []
    for list_name, services in (("checkpoints", MODEL_SERVICES), ("assets", ("assets",))):
        found = {
            doc["_id"]: (doc, service)
            for service in services
            for doc in _files_of(store, service, document.get("_id", run.id))
        }
        for listed in document.get(list_name) or []:
            identity = listed.get("id", listed.get("_id"))
            if identity in found:
                events.append(_uploaded(run, list_name, *found.pop(identity)))
            elif _exists(store, listed, services, identity):  # somebody else's: it stays as it is
                key = _key_by_path(run, listed.get("metadata", listed).get("local_path")) or identity
                events.append({"type": "uploaded", "list": list_name, "key": key, "entry": listed})
        events.extend(_uploaded(run, list_name, *pair) for pair in found.values())
    return [event for event in events if not run.is_uploaded(event["key"])]


def _key_by_path(run: Run, path: Any) -> str | None:
    """The client of 2021 gave its files no key; there, the local path tells which is which."""
    return next((key for key, event in run.files.items() if event["path"] == path), None)


def _uploaded(run: Run, list_name: str, document: Mapping[str, Any], service: str) -> Event:
    key = document.get("key") or _key_by_path(run, document.get("local_path")) or document["_id"]
    return {"type": "uploaded", "list": list_name, "key": key, "entry": entry_of(document, service)}


def _files_of(store: DataStore, service: str, run_id: str) -> list[dict[str, Any]]:
    return [shapes.stored(document, store.location) for document in store.service(service).items({"runId": run_id})]


def _exists(store: DataStore, listed: Mapping[str, Any], services: tuple[str, ...], identity: Any) -> bool:
    if identity is None:
        return False
    try:
        store.service(listed.get("service", services[0])).get(identity)
    except NotFound:
        return False
    return True


def remove_file(store: DataStore, entry: Mapping[str, Any]) -> None:
    """Removes what an entry of a run's `checkpoints` or `assets` stands for, with its files."""
    service, identity = (entry["service"], entry["id"]) if "service" in entry else ("assets", entry["_id"])
    with contextlib.suppress(NotFound):
        store.service(service).remove(identity)


def remove_run(remote: Remote, run_data: Mapping[str, Any]) -> bool:
    """Removes a run with its models and assets; files first, so that a failure leaves the run to try again."""
    run_id = run_data.get("_id")
    if run_id is None:
        raise InvalidData("run_data", dict(run_data), "has no `_id`; take the run from retrieve_run()")
    owned = {("assets", asset.get("_id")) for asset in run_data.get("assets") or []}
    for checkpoint in run_data.get("checkpoints") or []:
        owned.add((checkpoint.get("service", f"{remote.save_format}-models"), checkpoint.get("id")))
    stayed = []
    try:
        for service in (*MODEL_SERVICES, "assets"):
            owned.update((service, doc["_id"]) for doc in _files_of(remote.way, service, str(run_id)))
        for service, identity in sorted(owned, key=str):
            if identity is not None and not _removed(remote, service, identity):
                stayed.append(f"{service}/{identity}")
        for service in SIDE_SERVICES:
            stayed += _remove_beside(remote, service, str(run_id))
        status = _status(remote, run_id)
        if _removed(remote, "runs", run_id):
            heartbeat.remove(remote, str(run_id), status)
        else:
            stayed.append(f"runs/{run_id}")
    except MarcelleError as error:
        stayed.append(str(error))
    if stayed:
        Notices().warn("remove_run", f"Not all of the run {run_id} was removed: {', '.join(stayed)}")
    return not stayed


def _status(remote: Remote, run_id: Any) -> Any:
    """A run's status as the backend has it now; what a caller holds may be from before the run's end."""
    try:
        return remote.way.service("runs").get(run_id, {"query": {"$select": ["_id", "status"]}}).get("status")
    except NotFound:
        return None


def _removed(remote: Remote, service: str, identity: Any) -> bool:
    try:
        remote.way.service(service).remove(identity)
    except NotFound:
        return True
    except FeathersError as error:
        logger.warning("%s/%s could not be removed: %s", service, identity, error)
        return False
    return True


def _remove_beside(remote: Remote, service: str, run_id: str) -> list[str]:
    """Removes a run's documents in a service, in one call where the backend allows that; returns what stayed."""
    try:
        identities = remote.beside(service, run_id)
    except (NotFound, Forbidden, MethodNotAllowed):  # a backend without that service, which took none either
        return []
    if not identities:
        return []
    try:
        remote.way.service(service).remove(None, {"query": {"runId": run_id, "$select": ["_id", "runId"]}})
        return []
    except FeathersError:
        return [f"{service}/{identity}" for identity in sorted(identities) if not _removed(remote, service, identity)]


def asset_document_metadata(event: Event, run_id: str) -> dict[str, Any]:
    """What an asset's document says of its run."""
    own = cast("dict[str, Any]", dict(event.get("metadata", {})))
    return {
        **own,
        "runId": run_id,
        "key": event["key"],
        "epoch": event["epoch"],
        "local_path": event["path"],
        "filename": event["filename"],
    }

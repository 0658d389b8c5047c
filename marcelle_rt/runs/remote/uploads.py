"""Models and assets on their way to a backend: the files first, by one POST, then the document that owns them.

What the upload routes take and answer was measured on `@marcellejs/backend` 0.6.5: files whose *field* name
they don't like are dropped with status 200, and the answer lists what was kept.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...client.doubt import is_over
from ...errors import AWAY, BadRequest, ConversionError, FeathersError, InvalidData, MarcelleError, NotFound
from ...notices import logger
from ...values import to_wire
from ..document.entries import mime_of
from .link import Link, checked_document
from .run_documents import ASSETS

_OWN = ("_id", "files", "format", "metadata", "url", "extension")  # keys that a user's metadata can't take

_ACCEPTED = re.compile(r"accepted extensions: ([\w,]+)")  # as the backend says which kinds of assets it takes
_OTHERWISE = "Save it as one of these, or keep it on disk only"
_SHOWN = 60  # characters of a path

_Document = dict[str, Any]
_File = tuple[str, str, Path, str]  # the form's field, the file's name there, where it is, its MIME type


class FileUploads:
    """Uploads models and assets to one backend, each as the backend's own components want it.

    Attributes:
        link: The way there.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        # Files that are there, while their document may not be: by the service and the key of the run's file.
        self._unowned: dict[tuple[str, str], _Document] = {}

    def saved_model(self, path: str, local_format: str, metadata: Mapping[str, Any]) -> _Document:
        """Converts a saved model to the link's format, and uploads what came of it."""
        from ... import models

        with tempfile.TemporaryDirectory(prefix="marcelle-") as folder:
            models.convert(Path(path), Path(folder), self.link.save_format, local_format=local_format)
            return self.converted(Path(folder), metadata)

    def converted(self, path: Path, metadata: Mapping[str, Any], remote_format: str | None = None) -> _Document:
        """Uploads what `models.convert` has made: a folder, or one ONNX file; in the link's format if none is given."""
        if (remote_format or self.link.save_format) == "tfjs":
            return self.tfjs(str(path), metadata)
        return self.onnx(str(path / "model.onnx" if path.is_dir() else path), metadata)

    def tfjs(self, path: str, metadata: Mapping[str, Any]) -> _Document:
        """Uploads a folder with `model.json` and its weights."""
        files, model_format = _tfjs_files(Path(path))
        return self._store_model("tfjs", files, {"tfjsModelFormat": model_format}, metadata, Path(path).name)

    def tfjs_files(self, path: str) -> tuple[list[list[str]], str]:
        """Uploads a folder with `model.json` and its weights, without a document that owns them.

        Returns:
            What a document says of the files, and whether they are a `"layers-model"` or a `"graph-model"`.
        """
        files, model_format = _tfjs_files(Path(path))
        return self._post_model("tfjs", files), model_format

    def discard(self, service_name: str, files: list[list[str]], model_format: str) -> None:
        """Removes files of a model that no document owns."""
        self._discard(service_name, {"files": files, "format": model_format})

    def onnx(self, path: str, metadata: Mapping[str, Any]) -> _Document:
        """Uploads an `.onnx` file."""
        file = Path(path if path.endswith(".onnx") else f"{path}.onnx")
        name = _plain_name(file)
        files = [(name, name, file, "application/octet-stream")]
        return self._store_model("onnx", files, {}, metadata, file.stem)

    def asset(self, path: str, metadata: Mapping[str, Any]) -> _Document:
        """Uploads one file, and creates its document."""
        file = Path(path)
        if not file.is_file():
            raise InvalidData("path_to_asset", _end_of(path), "is not a file; check the path")
        if file.stat().st_size == 0:
            raise InvalidData("path_to_asset", _end_of(path), "is empty; write it before it is uploaded")
        own = to_wire(dict(metadata), "metadata")
        if (unowned := self._unowned.pop((ASSETS, own.get("key")), None)) is not None:
            return self._create(ASSETS, unowned, again=True)
        name, mime = _plain_name(file), mime_of(file)
        try:
            answer = self.link.way.uploads.post_files("assets/upload", [(name, name, file, mime)])
        except BadRequest as error:
            taken = _ACCEPTED.search(error.message)
            kinds = f": it takes {taken[1].replace(',', ', ')}. {_OTHERWISE}" if taken else f": {error.message}"
            reason = f"is of a kind that the backend does not take{kinds}"
            raise InvalidData("path_to_asset", _end_of(path), reason) from error
        kept = answer.get(name) if isinstance(answer, Mapping) else None
        if kept is None:  # a backend that keeps files in MongoDB says nothing where it drops one
            raise InvalidData(
                "path_to_asset",
                _end_of(path),
                "was dropped by the backend, which takes some kinds of files only: jpg, jpeg, png and wav, unless its "
                f"settings say otherwise. {_OTHERWISE}",
            )
        url = _safe_path(kept, self.link.location)
        document = {
            **{key: value for key, value in own.items() if key not in _OWN},
            "url": url,
            "filename": own.get("filename", file.name),
            "extension": file.suffix.lower(),
            "mime": mime,
        }
        return self._create(ASSETS, document)

    def _store_model(
        self,
        remote_format: str,
        files: list[_File],
        facts: _Document,
        metadata: Mapping[str, Any],
        name: str,
    ) -> _Document:
        own = to_wire(dict(metadata), "metadata")
        service = f"{remote_format}-models"
        if (unowned := self._unowned.pop((service, own.get("key")), None)) is not None:
            return self._create(service, unowned, again=True)
        document = {
            "name": name,
            **{key: value for key, value in own.items() if key not in _OWN},
            "files": self._post_model(remote_format, files),
            "format": remote_format,
            "metadata": {**{key: value for key, value in own.items() if key != "name"}, **facts},
        }
        return self._create(service, document)

    def _post_model(self, remote_format: str, files: list[_File]) -> list[list[str]]:
        """Uploads a model's files, and returns what a document says of them."""
        for _, _, path, _ in files:
            if not path.is_file() or path.stat().st_size == 0:
                raise ConversionError(remote_format, str(path), "is missing or empty; save the model again")
        service = f"{remote_format}-models"
        answer = self.link.way.uploads.post_files(f"{service}/upload", files)
        stored = _checked_pairs(answer if isinstance(answer, list) else [], self.link.location)
        missing = {name for _, name, _, _ in files} - {name for name, _ in stored}
        if not missing:
            return stored
        if stored:
            self._discard(service, {"files": stored, "format": remote_format})
        raise BadRequest(f"the backend did not keep {', '.join(sorted(missing))}", call=f"{service}/upload")

    def _create(self, service_name: str, document: _Document, again: bool = False) -> _Document:
        """Creates the document of files that are there; its `_id` tells whether a call without an answer came through.

        Args:
            service_name: Where.
            document: The document; its `_id` is made where it has none.
            again: This was tried before.
        """
        document = {"_id": _identity(service_name, document), **document}
        there = self._there(service_name, document) if again else None
        if there is None:
            try:
                return self._checked(self.link.service(service_name).create(document))
            except AWAY:
                if not again:
                    return self._create(service_name, document, again=True)
                self._keep(service_name, document)
                raise
            except FeathersError as error:  # which a server or a proxy may say of a call that came through
                there = self._there(service_name, document)
                if there is None:
                    if is_over(error) and not again:
                        self._discard(service_name, document)
                    else:  # a call that nobody waits for any more may come through yet
                        self._keep(service_name, document)
                    raise
        if any(there.get(field) != document.get(field) for field in ("files", "url")):
            # Another process of this run has uploaded it, or one that was killed: its line let go of it late.
            self._discard(service_name, document)
        return there

    def _there(self, service_name: str, document: _Document) -> _Document | None:
        """The stored document of that `_id`, or `None` where there is none for certain."""
        try:
            return self._checked(self.link.service(service_name).get(document["_id"]))
        except NotFound:
            return None
        except MarcelleError:  # the files may have their document, so they stay for it
            self._keep(service_name, document)
            raise

    def _keep(self, service_name: str, document: _Document) -> None:
        """Leaves files where they are, for whoever uploads that file again."""
        if "key" in document:
            self._unowned[service_name, document["key"]] = document
        else:
            logger.warning("files of a failed upload may stay at %s (%s)", self.link.location, service_name)

    def _discard(self, service_name: str, document: Mapping[str, Any]) -> None:
        """Removes files that no document owns: a backend removes files only together with their document."""
        service = self.link.service(service_name)
        bare = {key: document[key] for key in ("files", "format", "url", "filename") if key in document}
        bare["_id"] = str(uuid.uuid4())
        try:
            with contextlib.suppress(FeathersError):  # it may be there all the same; the next call tells
                service.create(bare)
            service.remove(bare["_id"])
        except MarcelleError as error:
            logger.warning("files of a failed upload stay at %s (%s): %s", self.link.location, service_name, error)

    def _checked(self, document: Any) -> _Document:
        return checked_document(document, self.link.location)


def _tfjs_files(folder: Path) -> tuple[list[_File], str]:
    """The files of a TensorFlow.js model, and what kind of model it is."""
    from ...models import tfjs_files

    paths, kind = tfjs_files.files_of(folder)
    types = ["application/json", *["application/octet-stream"] * len(paths)]
    return [(path.name, path.name, path, mime) for path, mime in zip(paths, types, strict=False)], kind


def _identity(service_name: str, document: Mapping[str, Any]) -> str:
    """The `_id` of a file's document: for a file of a run always the same, so that there can't be two."""
    if "runId" in document and "key" in document:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{service_name}/{document['runId']}/{document['key']}"))
    return str(uuid.uuid4())


def _checked_pairs(answer: list[Any], location: str) -> list[list[str]]:
    """The upload route's answer, if it is what it should be: a pair of names a file, none of them a way out."""
    for pair in answer:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)):
            raise InvalidData(f"{location}'s answer", pair, "is not a [filename, path] pair; nothing was stored")
        _safe_path(pair[1], location)
    return answer


def _safe_path(path: Any, location: str) -> str:
    text = str(path)
    if not text or text.startswith("/") or "\\" in text or ".." in PurePosixPath(text).parts:
        raise InvalidData(f"{location}'s answer", path, "leads outside the backend's folder; nothing was stored")
    return text


def _end_of(path: str) -> str:
    """A path as an error names it: of a long one the end tells more."""
    return path if len(path) <= _SHOWN else f"...{path[-_SHOWN:]}"


def _plain_name(path: Path) -> str:
    """A name that survives forms, URLs and every file system: ASCII letters, digits, `-`, `_`, and `.` once."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_") or "file"
    return stem[:80] + path.suffix.lower()

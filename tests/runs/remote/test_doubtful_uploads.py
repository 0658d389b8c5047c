"""Files whose document was answered with an error: whatever became of it, no document loses its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import (
    BadGateway,
    CallTimeout,
    ConnectionLost,
    Forbidden,
    GeneralError,
    MarcelleError,
    TooManyRequests,
    Unavailable,
)
from marcelle_rt.runs.remote.publishing import ModelPublisher
from marcelle_rt.runs.remote.uploads import FileUploads
from tests.runs.sync.memory_link import Document, MemoryLink, MemoryService
from tests.support.pictures import PNG


class FilesLink(MemoryLink):
    """Documents in memory that own files: who removes a document removes its files, as on a backend."""

    def __init__(self) -> None:
        super().__init__()
        self.files: set[str] = set()
        self.uploads = self
        self.posts = 0

    def service(self, name: str) -> Any:
        return _Owning(self, name)

    def post_files(self, path: str, files: Iterable[tuple[str, str, Path, str]]) -> Any:
        self.posts += 1
        stored = {name: f"folder{self.posts}/{name}" for _, name, _, _ in files}
        self.files.update(stored.values())
        return stored if path.startswith("assets") else [list(pair) for pair in stored.items()]

    def without_files(self) -> list[Document]:
        """Documents some of whose files are gone."""
        return [d for kind in ("assets", "tfjs-models") for d in self.services.get(kind, {}).values() if self.lacks(d)]

    def lacks(self, document: Document) -> bool:
        return not set(files_of(document)) <= self.files


class _Owning(MemoryService):
    def patch(self, id: str, data: Mapping[str, Any], params: Mapping[str, Any] = {}) -> Document:
        return super().patch(id, data.get("$set", data), params)

    def remove(self, id: str) -> Document:
        gone = super().remove(id)
        self._link.files -= set(files_of(gone))  # type: ignore[attr-defined]
        return gone


def files_of(document: Document) -> list[str]:
    return [pair[1] for pair in document.get("files", [])] + [document[key] for key in ("url",) if key in document]


@pytest.fixture
def link() -> FilesLink:
    return FilesLink()


@pytest.fixture
def send(link: FilesLink, tmp_path: Path) -> Any:
    """Sends one asset of a run, as often as it is asked to."""
    uploads = FileUploads(link)
    picture = tmp_path / "figure.png"
    picture.write_bytes(PNG)
    return lambda: uploads.asset(str(picture), {"runId": "r", "key": "k"})


UNREADABLE: list[list[Exception]] = [
    [Unavailable("the database restarts")],
    [ConnectionLost("memory", "assets.get")],
    [CallTimeout("memory", "assets.get", 1.0)],
    [TooManyRequests("slow down"), Unavailable("and again")],
]


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=repr)
def test_a_document_that_came_through_with_an_error_keeps_its_files_though_it_can_t_be_read_at_once(
    link: FilesLink, send: Any, unreadable: list[Exception]
) -> None:
    link.faults = {"after:create assets": [GeneralError("after the write")], "get assets": list(unreadable)}
    for _ in unreadable:
        with pytest.raises(MarcelleError):
            send()
    document = send()
    assert link.services["assets"] == {document["_id"]: document}
    assert link.files == {document["url"]}
    assert link.posts == 1


@pytest.mark.parametrize("error", [GeneralError("after the write"), BadGateway("after the write")], ids=repr)
def test_a_document_that_came_through_with_an_error_and_can_be_read_is_what_was_asked_for(
    link: FilesLink, send: Any, error: Exception
) -> None:
    link.faults = {"after:create assets": [error]}
    document = send()
    assert (link.services["assets"], link.files) == ({document["_id"]: document}, {document["url"]})


def test_a_document_that_a_proxy_gave_up_and_that_comes_late_has_its_files(link: FilesLink, send: Any) -> None:
    link.faults = {"create assets": [GeneralError("gateway time-out", code=504)]}
    with pytest.raises(GeneralError, match="gateway time-out"):
        send()
    late = {"_id": "late", "url": "folder1/figure.png"}  # what the proxy had passed on is carried out now
    link.services["assets"]["late"] = late
    send()
    assert link.without_files() == []


@pytest.mark.parametrize("error", [Forbidden("not yours"), GeneralError("before the write")], ids=repr)
def test_files_whose_document_was_refused_for_certain_are_removed(
    link: FilesLink, send: Any, error: MarcelleError
) -> None:
    link.faults = {"create assets": [error]}
    with pytest.raises(type(error)):
        send()
    assert (link.services["assets"], link.files) == ({}, set())


def test_files_of_nobody_are_removed_by_a_document_that_does_not_stay(link: FilesLink, send: Any) -> None:
    link.faults = {"create assets": [Forbidden("not yours")], "after:create assets": [GeneralError("after the write")]}
    with pytest.raises(Forbidden):
        send()
    assert (link.services["assets"], link.files) == ({}, set())


def test_of_a_file_that_came_through_twice_only_one_stays(link: FilesLink, send: Any, tmp_path: Path) -> None:
    link.faults = {"create assets": [ConnectionLost("memory", "create"), ConnectionLost("memory", "create")]}
    with pytest.raises(ConnectionLost):
        send()
    other = FileUploads(link)  # another process of the run sends it meanwhile
    document = other.asset(str(tmp_path / "figure.png"), {"runId": "r", "key": "k"})
    assert send() == document
    assert link.files == {document["url"]}


@pytest.fixture
def publish(link: FilesLink, tmp_path: Path) -> Any:
    """Publishes a model, as often as it is asked to."""
    manifest = '{"format": "layers-model", "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": []}]}'
    (tmp_path / "model.json").write_text(manifest)
    (tmp_path / "group1-shard1of1.bin").write_bytes(b"1234")
    publisher = ModelPublisher(link, FileUploads(link), "live", interval=0.0)
    return lambda: publisher.publish(str(tmp_path), None, False)


@pytest.mark.parametrize("error", [GeneralError("after the write"), GeneralError("proxy", code=504)], ids=repr)
@pytest.mark.parametrize("method", ["create", "patch"])
def test_a_published_model_keeps_its_files_whatever_was_answered(
    link: FilesLink, publish: Any, error: Exception, method: str
) -> None:
    if method == "patch":
        publish()
    link.faults = {f"after:{method} tfjs-models": [error], "get tfjs-models": [Unavailable("restarts")]}
    with pytest.raises(Unavailable):
        publish()
    assert link.without_files() == []

    link.faults = {"after:patch tfjs-models": [error]}
    document = publish()
    assert link.services["tfjs-models"] == {document["_id"]: document}
    assert link.without_files() == []


def test_files_of_a_publication_that_was_refused_are_removed(link: FilesLink, publish: Any) -> None:
    document = publish()
    link.faults = {"patch tfjs-models": [Forbidden("not yours")]}
    with pytest.raises(Forbidden):
        publish()
    assert link.services["tfjs-models"] == {document["_id"]: document}
    assert link.files == set(files_of(document))


def test_a_publication_that_a_proxy_gave_up_keeps_its_files_though_the_next_try_is_refused(
    link: FilesLink, publish: Any
) -> None:
    publish()
    before = set(link.files)
    link.faults = {"patch tfjs-models": [GeneralError("gateway time-out", code=504), GeneralError("a fault")]}
    with pytest.raises(GeneralError, match="gateway time-out"):
        publish()
    assert len(link.files - before) == 2

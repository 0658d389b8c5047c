"""Documents that name files: whatever they say, and however it is written, only uploads are read and removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.backend import Backend
from tests.backend.wire import Line, Socket, ask, part, upload

SERVICES = ["tfjs-models", "onnx-models", "assets", "keras-models"]


@pytest.fixture(scope="module")
def home(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend in a folder with a private key beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "id_rsa").write_text("PRIVATE")
    with Backend(data=folder / "data") as running:
        yield running


@pytest.fixture
def key(home: Backend) -> Iterator[Path]:
    """A private file of the user, which is as it was afterwards."""
    path = home.data.parent / "id_rsa"
    yield path
    assert path.read_text() == "PRIVATE"
    assert ask(home.url, "GET", "/info").code == 200


@pytest.fixture
def socket(home: Backend) -> Iterator[Socket]:
    opened = Socket(home.url)
    yield opened
    opened.close()


@pytest.fixture
def line(home: Backend) -> Iterator[Line]:
    opened = Line(home.url)
    yield opened
    opened.close()


def outside(key: Path) -> list[Any]:
    """What a document could say to mean a file that is not an upload."""
    far = "../" * 12 + str(key)[1:]
    return [
        *(far, "../../../id_rsa", "x/../../../id_rsa", str(key), "a/../../id_rsa", "..", ".", "", "/", "a", "a/", "/a"),
        *("..\\..\\id_rsa", "a/..%2f..%2fid_rsa", "%2e%2e/%2e%2e", "a/b/c", "a/\0b", "./a", "a/./b", "a/.b", 5, None),
        *({"a": 1}, ["a/b"], True, "a/" + "x" * 10_000, f"file://{key}", "a//b"),
    ]


def files_of(text: Any) -> list[Any]:
    """The lists of files that say so."""
    return [[["a", text]], [["model.json", "x/model.json"], ["a", text]]]


WRONG_LISTS: list[Any] = [
    "a/b",
    {"0": ["a", "a/b"]},
    [["a"]],
    [["a", "a/b", "c"]],
    ["a/b"],
    [[["a"], "a/b"]],
    [None],
    5,
]


@pytest.mark.parametrize("service", SERVICES)
def test_no_document_names_a_file_that_is_not_an_upload(
    home: Backend, key: Path, line: Line, socket: Socket, service: str
) -> None:
    good = line.ask("POST", f"/{service}", {"files": [["a", "x/y"]], "url": "x/y", "n": 1}).json
    assert good["n"] == 1
    place = f"/{service}/{good['_id']}"
    wrong = [{"files": files} for text in outside(key) for files in files_of(text)]
    wrong += [{"files": files} for files in WRONG_LISTS] + [{"url": text} for text in outside(key)]
    wrong += [{"files": [[name, "a/b"]]} for name in ("../a", "", ".", "a\0", 5, None, "x" * 10_000)]

    for data in wrong:
        assert line.ask("POST", f"/{service}", data).code == 400, data
        error, result = socket.call("patch", service, good["_id"], {"$set": data}, {})
        assert (error["code"], result) == (400, None), data
    for data in (wrong[0], wrong[-1], {"files": WRONG_LISTS[0]}, {"url": outside(key)[0]}):
        assert line.ask("POST", f"/{service}", [{"n": 2}, data]).code == 400, data
        for method in ("PUT", "PATCH"):
            assert line.ask(method, place, data).code == 400, (method, data)
            assert line.ask(method, f"/{service}?n=1", data).code == 400, (method, data)
        for call in [
            ("create", service, data, {}),
            ("create", service, [data], {}),
            ("update", service, good["_id"], data, {}),
            ("patch", service, good["_id"], data, {}),
            ("patch", service, None, data, {}),
        ]:
            error, result = socket.call(*call)
            assert (error["code"], result) == (400, None), call

    assert line.ask("GET", place).json["files"] == [["a", "x/y"]]
    assert line.ask("GET", f"/{service}?$limit=0").json["total"] == 1
    line.ask("DELETE", place)


@pytest.mark.parametrize("service", SERVICES)
def test_a_patch_sets_files_as_a_whole_or_not_at_all(
    home: Backend, key: Path, line: Line, socket: Socket, service: str
) -> None:
    good = line.ask("POST", f"/{service}", {"files": [["a", "x/y"]], "url": "x/y"}).json
    far = "../" * 12 + str(key)[1:]
    for patch in [
        {"files.0.1": far},
        {"files.0": ["a", far]},
        {"files.0": [["b", "x/z"]]},
        {"files.0.1": "x/z"},
        {"url.x": 1},
        *({operator: {"files": ["b", far]}} for operator in ("$push", "$addToSet", "$pull", "$unset", "$pop", "$inc")),
        *({operator: {"url": "x/z"}} for operator in ("$min", "$max", "$unset", "$inc", "$push", "$rename")),
        {"$push": {"files": {"$each": [["b", far]]}}},
        {"$push": {"files.0": far}},
        {"$set": {"files.0.1": far}},
        {"$set": {"url": far}, "n": 1},
        {"$set": {"$set": {"url": far}}},
        {"$rename": {"n": "url"}},
        {"$set": None},
        {"$set": "url"},
    ]:
        assert line.ask("PATCH", f"/{service}/{good['_id']}", patch).code == 400, patch
        error, _ = socket.call("patch", service, good["_id"], patch, {})
        assert error["code"] == 400, patch

    now = line.ask("GET", f"/{service}/{good['_id']}").json
    assert (now["files"], now["url"]) == ([["a", "x/y"]], "x/y")
    assert line.ask("PATCH", f"/{service}/{good['_id']}", {"metadata.n": 1, "$set": {"n": 2}}).json["n"] == 2
    line.ask("DELETE", f"/{service}/{good['_id']}")


EARLIER_URLS = ["../x", "..", ".", "", "x/..", "/", "../../id_rsa", "https://example.org/../x", 5, None]
EARLIER_FILES = [["a", "../../../id_rsa"], ["b", "../../secret"], ["c", ".."]]


@pytest.fixture(scope="module")
def earlier(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend with documents as a version without the guard wrote them, in a folder with a private key beside it."""
    folder = tmp_path_factory.mktemp("earlier")
    (folder / "id_rsa").write_text("PRIVATE")
    (folder / "data" / "db").mkdir(parents=True)
    models = [{"_id": f"old{n}", "files": [["a", url]]} for n, url in enumerate(EARLIER_URLS)]
    for name, documents in [
        ("assets", [{"_id": f"old{n}", "url": url} for n, url in enumerate(EARLIER_URLS)]),
        ("tfjs-models.db", [*models, {"_id": "old", "files": EARLIER_FILES}]),
    ]:
        lines = [json.dumps(document) + "\n" for document in documents]
        (folder / "data" / "db" / name).write_text("".join(lines))
    with Backend(data=folder / "data") as running:
        yield running


def test_removing_a_document_of_an_earlier_time_removes_no_folder_but_its_own(earlier: Backend) -> None:
    kept = upload(earlier.url, "assets", part("b.png", b"kept")).json["a.png"]

    for n in range(len(EARLIER_URLS)):
        for method, body in [("PATCH", {"files": []}), ("PUT", {"n": 1}), ("DELETE", None)]:
            for service in ("assets", "tfjs-models"):
                assert ask(earlier.url, method, f"/{service}/old{n}", body).code < 500
    assert ask(earlier.url, "GET", f"/assets/{kept}").body == b"kept"
    assert (earlier.data.parent / "id_rsa").read_text() == "PRIVATE"
    assert sorted(path.name for path in (earlier.data / "uploads").iterdir()) == ["assets", "onnx", "tfjs"]


def test_a_document_of_an_earlier_time_reads_no_file_but_an_upload(earlier: Backend) -> None:
    assert ask(earlier.url, "GET", "/tfjs-models/old").json["files"] == EARLIER_FILES
    assert [ask(earlier.url, "GET", f"/tfjs-models/old/{name}").code for name in "abc"] == [404, 404, 404]


def test_links_inside_the_folder_of_uploads_lead_nowhere(home: Backend, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    key = tmp_path / "private" / "a.png"
    key.write_text("PRIVATE")
    uploads = home.data / "uploads"
    mine = upload(home.url, "assets", part("b.png", b"mine")).json["a.png"]
    (uploads / "assets" / mine.split("/")[0] / "link.png").symlink_to(key)
    (uploads / "assets" / mine.split("/")[0] / "folder").symlink_to(tmp_path / "private")
    (uploads / "assets" / "elsewhere").symlink_to(tmp_path / "private")

    assert ask(home.url, "GET", f"/assets/{mine}").body == b"mine"
    for target in (f"{mine.split('/')[0]}/link.png", "elsewhere/a.png", f"{mine.split('/')[0]}/folder"):
        assert ask(home.url, "GET", f"/assets/{target}").code == 404
    for url in (mine, "elsewhere/a.png"):
        document = ask(home.url, "POST", "/assets", {"url": url}).json
        assert ask(home.url, "DELETE", f"/assets/{document['_id']}").code == 200
    assert key.read_text() == "PRIVATE"
    assert not (uploads / "assets" / mine.split("/")[0]).exists()


def test_a_folder_of_uploads_that_is_itself_a_link_is_used(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "uploads").symlink_to(tmp_path / "large disk")
    backend = own_backend(data=tmp_path / "data")
    mine = upload(backend.url, "assets", part("b.png", b"mine")).json["a.png"]

    assert ask(backend.url, "GET", f"/assets/{mine}").body == b"mine"
    document = ask(backend.url, "POST", "/assets", {"url": mine}).json
    ask(backend.url, "DELETE", f"/assets/{document['_id']}")
    assert ask(backend.url, "GET", f"/assets/{mine}").code == 404


def test_honest_documents_are_as_free_as_before(home: Backend, socket: Socket) -> None:
    for document in [
        {"url": "https://example.org/a.png", "files": ["a", "../b"]},
        {"logs": {"loss": [1, None, 2]}, "params": {"constructor": "Dense", "a": {"prototype": 1}}},
    ]:
        assert ask(home.url, "POST", "/runs", document).code == 201
    assert ask(home.url, "POST", "/assets", {"url": "https://example.org/a.png"}).code == 201


@pytest.mark.parametrize(
    "patch",
    [
        {"__proto__.polluted": 1},
        {"constructor.prototype.polluted": 1},
        {"a.__proto__.polluted": 1},
        {"$set": {"__proto__.polluted": 1}},
        {"$set": {"a.constructor.prototype.polluted": 1}},
        {"$push": {"constructor.prototype.polluted": 1}},
        {"$inc": {"__proto__.polluted": 1}},
        {"a": {"__proto__": {"polluted": 1}}},
        {"$$deleted": True},
        {"$$indexCreated": {"fieldName": "n", "unique": True}},
        {"a": [{"$$date": 1}]},
    ],
)
def test_no_key_reaches_into_the_program_or_the_files_of_the_database(
    home: Backend, socket: Socket, patch: dict[str, Any]
) -> None:
    document = ask(home.url, "POST", "/things", {"n": 1}).json
    place = f"/things/{document['_id']}"

    assert ask(home.url, "PATCH", place, patch).code == 400
    assert ask(home.url, "POST", "/things", patch).code == 400
    assert socket.call("patch", "things", document["_id"], patch, {})[0]["code"] == 400
    assert "polluted" not in ask(home.url, "GET", place).json
    assert b"polluted" not in ask(home.url, "GET", "/info").body


def test_a_query_is_plain_and_an_id_is_one(home: Backend, socket: Socket) -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    for query in (deep, {"a": {"__proto__": {"b": 1}}}):
        assert socket.call("find", "things", query)[0]["code"] == 400
    for identifier in (None, [], "", "__proto__", {"a": 1}, True):
        assert socket.call("create", "things", {"_id": identifier}, {})[0]["code"] == 400, identifier
    for identifier in ({"$gt": ""}, ["x"], True):
        for method, *more in [("get", {}), ("remove", {}), ("patch", {"a": 1}, {}), ("update", {"a": 1}, {})]:
            assert socket.call(method, "things", identifier, *more)[0]["code"] == 400, (method, identifier)


@pytest.mark.parametrize("data", [None, 5, "text", [], [5], [None], [["a"]], True], ids=str)
def test_a_document_is_an_object(home: Backend, socket: Socket, data: Any) -> None:
    error, result = socket.call("create", "things", data, {})
    assert result == [] if data == [] else error is not None
    assert ask(home.url, "POST", "/things", data if isinstance(data, list) else str(data).encode()).code in (201, 400)
    assert ask(home.url, "GET", "/info").code == 200


def test_a_document_that_is_nested_too_deep_is_refused_and_the_backend_lives(home: Backend, socket: Socket) -> None:
    deep = b"[" * 40_000 + b"]" * 40_000
    headers = {"Content-Type": "application/json"}

    assert ask(home.url, "POST", "/things", b'{"a":' + deep + b"}", headers).code == 400
    assert ask(home.url, "POST", "/things", deep, headers).code == 400
    assert ask(home.url, "GET", "/info").code == 200

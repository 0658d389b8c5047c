"""A model that a real page follows while Python publishes new ones."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.errors import ConnectionLost, InvalidData, NotFound
from marcelle_rt.runs.remote.link import Link
from marcelle_rt.runs.remote.publishing import ModelPublisher
from marcelle_rt.runs.remote.uploads import FileUploads
from tests.helpers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

keras = pytest.importorskip("keras")

SCRIPT = """
import { dataStore, tfjsModel } from './marcelle.js';

window.rejected = [];
window.addEventListener('unhandledrejection', (event) => rejected.push(String(event.reason)));
const store = dataStore(BACKEND);
await store.connect();
const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
window.loads = 0;
model.$training.subscribe(({ status }) => { if (status === 'loaded') window.loads += 1; });
window.labels = () => model.labels;
window.predict = async () => (model.$training.value.status === 'loaded' ? (await model.predict([0]))[0] : null);
model.sync(store, NAME);
window.ready = true;
"""


def constant(value: float) -> Any:
    """A model that always gives one number."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.set_weights([np.zeros((1, 1)), np.array([value])])
    return model


def folder_of(value: float, folder: Path) -> str:
    from marcelle_rt import models

    models.convert(constant(value), folder, "tfjs")
    return str(folder)


@pytest.fixture
def name() -> str:
    return f"followed {uuid.uuid4().hex[:8]}"


@pytest.fixture
def remote(store: DataStore) -> Remote:
    return Remote(store)


@pytest.fixture
def follower(page: Page, dashboard_page: Callable[..., str], backend: Backend, name: str) -> Iterator[Page]:
    """A page that follows the name; whatever goes wrong in it fails the test."""
    errors: list[Any] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("response", lambda response: errors.append(response.url) if response.status >= 400 else None)
    script = SCRIPT.replace("BACKEND", json.dumps(backend.url)).replace("NAME", json.dumps(name))
    page.goto(dashboard_page(script))
    page.wait_for_function("window.ready")
    yield page
    assert (errors, page.evaluate("rejected")) == ([], [])


def shown(page: Page) -> Any:
    return page.evaluate("predict()")


def test_a_page_shows_each_model_that_python_publishes_and_the_document_stays(
    follower: Page, remote: Remote, store: DataStore, name: str
) -> None:
    documents = []
    for number in (1.0, 2.0, 3.0):
        documents.append(remote.publish_model(name, constant(number), labels=[f"class {number}"]))
        eventually(lambda expected=number: shown(follower) == expected)
        assert follower.evaluate("labels()") == [f"class {number}"]

    assert len({document["_id"] for document in documents}) == 1
    assert len({document["files"][0][1] for document in documents}) == 3
    assert store.service("tfjs-models").count({"name": name}) == 1
    follower.reload()
    follower.wait_for_function("window.ready")
    eventually(lambda: shown(follower) == 3.0)


def test_the_files_before_stay_for_pages_that_read_them_and_those_before_these_are_gone(
    nedb: Backend, name: str
) -> None:
    with Remote(nedb.url) as remote, DataStore(nedb.url) as store:
        first, second, third = (remote.publish_model(name, constant(number)) for number in (1.0, 2.0, 3.0))

        uploads = Path(nedb.data) / "uploads" / "tfjs"
        kept = {path.parent.name for path in uploads.rglob("model.json")}
        places = [document["files"][0][1].split("/")[0] for document in (first, second, third)]
        eventually(lambda: not (uploads / places[0]).exists())
        assert {places[1], places[2]} <= kept
        store.service("tfjs-models").remove(third["_id"])
        assert remote.publish_model(name, constant(4.0))["_id"] != third["_id"]


def test_a_hundred_models_as_fast_as_they_come_leave_no_error_in_a_page_and_the_last_is_shown(
    follower: Page, store: DataStore, name: str, tmp_path: Path
) -> None:
    folders = [folder_of(float(number), tmp_path / str(number)) for number in range(1, 101)]
    link = Link(store)
    publisher = ModelPublisher(link, FileUploads(link), name)
    documents: list[dict[str, Any]] = []
    threads = []
    for number, folder in enumerate(folders, 1):
        publish = threading.Thread(target=lambda f=folder: documents.append(publisher.publish(f, None, False)))
        publish.start()
        threads.append(publish)
        eventually(lambda handed_over=number: publisher._newest == handed_over)
    for thread in threads:
        thread.join(60)

    assert len(documents) == 100
    eventually(lambda: shown(follower) == 100.0)
    revisions = {document["rev"] for document in documents}
    assert 1 < len(revisions) < 60  # a second apart, and handing a hundred over takes a few
    assert follower.evaluate("loads") <= len(revisions) + 1


def test_what_a_line_lets_go_of_late_changes_nothing(
    backend: Backend, remote: Remote, store: DataStore, name: str
) -> None:
    first = remote.publish_model(name, constant(1.0))
    second = remote.publish_model(name, constant(2.0))
    late = {"$set": {"files": first["files"], "rev": first["rev"]}}

    models = store.service("tfjs-models")
    with pytest.raises(NotFound):
        models.patch(first["_id"], late, {"query": {"rev": {"$lte": first["rev"]}}})

    assert models.get(first["_id"])["files"] == second["files"]
    assert json.loads(store.http.download(f"tfjs-models/{first['_id']}/model.json"))["format"] == "layers-model"


def test_a_document_that_a_page_has_made_is_taken_over(
    remote: Remote, store: DataStore, name: str, tmp_path: Path
) -> None:
    link = Link(store)
    files, model_format = FileUploads(link).tfjs_files(folder_of(1.0, tmp_path / "m"))
    metadata = {"tfjsModelFormat": model_format}
    made = store.service("tfjs-models").create({"name": name, "files": files, "format": "tfjs", "metadata": metadata})

    published = remote.publish_model(name, constant(2.0), public=True)

    assert published["_id"] == made["_id"]
    assert published["public"] is True
    assert published["files"] != files


def test_the_name_of_a_runs_checkpoints_is_refused(remote: Remote, store: DataStore, name: str, tmp_path: Path) -> None:
    kept = remote.upload_tfjs_model(folder_of(1.0, tmp_path / "m"), {"name": name, "runId": "a run", "key": "k"})
    with pytest.raises(InvalidData, match="choose another"):
        remote.publish_model(name, constant(2.0))
    assert store.service("tfjs-models").get(kept["_id"])["files"] == kept["files"]
    with pytest.raises(InvalidData, match="is not a name"):
        remote.publish_model(" ", constant(2.0))


class BrokenUploads:
    """Uploads whose line is lost as long as `broken` is set."""

    def __init__(self) -> None:
        self.broken = threading.Event()
        self.waiting = threading.Event()
        self.go_on = threading.Event()

    def tfjs_files(self, folder: str) -> tuple[list[list[str]], str]:
        self.waiting.set()
        assert self.go_on.wait(10)
        raise ConnectionLost("http://localhost", "tfjs-models/upload")


def test_who_waits_for_a_newer_model_hears_of_its_failure(store: DataStore, name: str) -> None:
    uploads = BrokenUploads()
    publisher = ModelPublisher(Link(store), uploads, name)  # type: ignore[arg-type]
    raised = []

    def publish() -> None:
        try:
            publisher.publish("folder", None, False)
        except ConnectionLost as error:
            raised.append(error)

    threads = [threading.Thread(target=publish) for _ in range(3)]
    threads[0].start()
    assert uploads.waiting.wait(10)
    for number, thread in enumerate(threads[1:], 2):
        thread.start()
        eventually(lambda handed_over=number: publisher._newest == handed_over)
    uploads.go_on.set()
    for thread in threads:
        thread.join(10)

    assert len(raised) == 3

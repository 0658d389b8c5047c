"""What a page asks a Python model, the model that is published to it, and predictions that Python writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore, Predictions, Remote, Writer
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import REQUESTS
from tests.browser.conftest import DASHBOARD, Open
from tests.browser.scripted_server import ScriptedServer
from tests.browser.test_training import events, press, says
from tests.helpers import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

MATRIX = """
import { batchPrediction, confusionMatrix, dataStore } from '@marcellejs/core';
import { followPredictions } from './marcelle-python.js';
const batch = batchPrediction('Shapes', dataStore('BACKEND'));
followPredictions(batch);
const matrix = confusionMatrix(batch);
matrix.mount(document.body);
Object.assign(window, { matrix, ready: true });
"""

RUN = """
import { dataStore } from '@marcellejs/core';
import { pythonRun } from './marcelle-python.js';
const run = pythonRun(dataStore('BACKEND'), 'RUN');
window.events = [];
run.$training.subscribe((event) => window.events.push(event));
Object.assign(window, { run, ready: true });
"""


def ask(page: Page, x: str) -> None:
    """Asks the model, without waiting for its answer."""
    page.evaluate(f"() => {{ model.predict({x}).catch(({{ message }}) => message).then((y) => {{ window.y = y; }}); }}")


def test_an_input_goes_to_python_as_a_dataset_stores_it_and_its_answer_comes_back(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    for x, stored in (("[1, 2]", [1, 2]), ("new Float32Array([1, 2])", [1, 2]), ("'a text'", "a text")):
        ask(page, x)
        request = server.request()
        assert (request["task"], request["x"], request["state"]) == ("shapes", stored, "asked")
        y = {"label": x, "confidences": {"circle": 0.75, "square": 0.25}}
        store.service(REQUESTS).patch(request["_id"], {"state": "answered", "y": y})
        eventually(lambda: page.evaluate("window.y") == y)  # noqa: B023
        eventually(lambda: store.service(REQUESTS).count() == 0)

    ask(page, "new ImageData(8, 8)")
    assert server.request()["x"].startswith("data:image/jpeg;base64,")


def test_a_prediction_that_fails_in_python_or_is_too_large_to_be_sent_fails_in_the_page_with_the_reason(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    ask(page, "[1]")
    store.service(REQUESTS).patch(server.request()["_id"], {"state": "error", "message": "expected shape (2,)"})

    assert eventually(lambda: page.evaluate("window.y")) == "expected shape (2,)"
    eventually(lambda: store.service(REQUESTS).count() == 0)
    ask(page, "'x'.repeat(2_000_000)")  # it would close the line
    eventually(lambda: "too large" in page.evaluate("window.y"))


def test_a_prediction_whose_server_dies_fails_and_leaves_nothing(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    ask(page, "[1]")
    server.request()
    server.die()

    assert "No Python is listening" in eventually(lambda: page.evaluate("window.y"))
    eventually(lambda: store.service(REQUESTS).count() == 0)


def test_each_published_model_predicts_in_the_page_without_a_click(
    page: Page, opened: Open, address: str, store: DataStore
) -> None:
    keras = pytest.importorskip("keras")

    def always(place: int, weight: float = 0.0) -> Any:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax", use_bias=True)])
        weights = [[[weight, weight], [weight, weight]], [9.0 * (place == 0), 9.0 * (place == 1)]]
        model.set_weights([keras.ops.convert_to_numpy(keras.ops.array(value)) for value in weights])
        return model

    with Remote(address) as remote:
        remote.publish_model("shapes", always(0), ["circle", "square"])
        opened(DASHBOARD, options="{ local: true }")
        page.wait_for_function("window.model.$model.get()", timeout=20_000)
        assert page.evaluate("model.predict([1, 2]).then(({ label }) => label)") == "circle"
        for missing in ("[1, NaN]", "[1, null]", "new Float32Array([1, 1e39])"):
            reason = page.evaluate(f"model.predict({missing}).catch(({{ message }}) => message)")
            assert reason == "An input with numbers that are missing, NaN or infinite has no prediction"
        remote.publish_model("shapes", always(1), ["circle", "square"])
        eventually(lambda: page.evaluate("model.predict([1, 2]).then(({ label }) => label)") == "square")
        with ScriptedServer(store) as server:
            press(page, "Train")
            job = server.job()
            other = remote.publish_model("another name", always(0), ["circle", "square"])["_id"]
            server.says(job, state="running", worker="me", modelId=other)
            eventually(lambda: page.evaluate("model.predict([1, 2]).then(({ label }) => label)") == "circle")
            server.says(job, state="success")
            says(page, "The training is done.")
        assert page.evaluate("model.save()") == other
        remote.publish_model("another name", always(0, 3e38), ["circle", "square"])
        overflown = "model.predict([9, 9]).catch(({ message }) => message)"
        eventually(lambda: "is not finite: it has NaN or infinity in it" in str(page.evaluate(overflown)))


def test_an_open_confusion_matrix_follows_what_python_writes_and_clears(page: Page, opened: Open, address: str) -> None:
    opened(MATRIX)
    with Predictions(address, "Shapes") as predictions:
        predictions.write(["1", "2"], ["circle", "square"], [[0.9, 0.1], [0.8, 0.2]], ["circle", "square"])
        page.get_by_text("Global Accuracy: 0.50").wait_for()
        predictions.clear()
        page.get_by_text("Waiting for predictions").wait_for()
        predictions.write(["1", "2"], ["circle", "square"], [[0.9, 0.1], [0.2, 0.8]], ["circle", "square"])
        page.get_by_text("Global Accuracy: 1.00").wait_for()
    assert {(cell["x"], cell["y"]): cell["v"] for cell in page.evaluate("matrix.$confusion.get()")} == {
        ("circle", "circle"): 1,
        ("circle", "square"): 0,
        ("square", "circle"): 0,
        ("square", "square"): 1,
    }


def test_a_run_that_began_in_python_is_followed_and_steered(
    page: Page, opened: Open, store: DataStore, tmp_path: Path
) -> None:
    with Writer("plain", store.location, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(epochs=2)
        writer.save_epoch(1, {"loss": 2.0, "val_accuracy": 0.5})
        writer.flush(10)
        (run,) = store.service("runs").find()["data"]
        opened(RUN.replace("RUN", run["_id"]))
        eventually(lambda: [event["epoch"] for event in events(page, "epoch")] == [1])
        page.evaluate("() => { run.set('learning_rate', 0.5).then((answer) => { window.answer = answer; }); }")
        (command,) = eventually(lambda: store.service(COMMANDS).find()["data"])
        assert (command["runId"], command["jobId"], command["command"]) == (run["_id"], None, "set")
        store.service(COMMANDS).patch(command["_id"], {"state": "done", "message": "learning_rate is 0.5"})
        assert eventually(lambda: page.evaluate("window.answer")) == "learning_rate is 0.5"
        writer.save_epoch(2, {"loss": 1.0, "val_accuracy": 0.75})

    eventually(lambda: events(page, "success"))
    assert [event["data"] for event in events(page, "epoch")] == [
        {"loss": 2, "accVal": 0.5},
        {"loss": 1, "accVal": 0.75},
    ]
    eventually(lambda: store.service(COMMANDS).count() == 0)

"""Tasks with Keras and what comes of them: trainings are steered, and published models answer what pages ask."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.datasets.stored.images import encode
from marcelle_rt.serving.documents import REQUESTS
from tests.helpers import eventually, skip_without
from tests.serving.conftest import SERVERS, Served, on_jax

pytest.importorskip("keras")
pytest.importorskip("PIL")
skip_without("jax")


@pytest.fixture(scope="module")
def served(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server of `with_keras.py`."""
    with Backend() as backend:
        running = Served(backend.url, SERVERS / "with_keras.py", tmp_path_factory.mktemp("keras"), **on_jax())
        yield running
        running.close()


def ask(served: Served, task: str, x: Any) -> dict[str, Any]:
    """Asks as a page does, and gives the answered document."""
    requests = served.store.service(REQUESTS)
    identity = str(uuid.uuid4())
    requests.create({"_id": identity, "task": task, "x": x, "state": "asked"})
    eventually(lambda: requests.get(identity)["state"] != "asked", 60)
    return requests.remove(identity)


def test_a_page_asks_python_and_is_answered(served: Served) -> None:
    states: list[str] = []
    served.store.service(REQUESTS).on("patched", lambda document: states.append(document["state"]))

    assert ask(served, "mean", [1, 2, 6])["y"] == {"mean": 3.0, "shape": [3]}
    eventually(lambda: states)
    assert states == ["answered"]

    assert ask(served, "mean", {"0": 1, "1": 2})["y"]["mean"] == 1.5  # a Float32Array
    grey = ask(served, "mean", encode(np.full((6, 8, 3), 128, np.uint8)))
    assert grey["y"] == {"mean": 128.0, "shape": [6, 8, 3]}

    broken = ask(served, "mean", "data:image/jpeg;base64,AAAA")
    assert (broken["state"], broken["message"].split()[:3]) == ("error", ["x", "is", "not"])
    large = ask(served, "large", 1)
    assert (large["state"], "can't be sent" in large["message"]) == ("error", True)
    raised = ask(served, "mean", "no numbers")
    assert (raised["state"], "AttributeError" in raised["message"]) == ("error", True)


def steered_and_stopped(served: Served, job: str) -> dict[str, Any]:
    """The document of a job whose training was asked to learn slower, and then to stop."""
    run = eventually(lambda: served.job(job)["runId"], 120)
    runs = served.store.service("runs")
    eventually(lambda: runs.count({"_id": run}) and runs.get(run)["epoch"] > 0, 60)

    slower = served.command(job, "set", learning_rate=0.125)
    eventually(lambda: slower()["state"] == "done", 30)
    eventually(lambda: runs.get(run)["logs"]["learning_rate"][-1] == 0.125, 30)
    served.command(job, "stop")

    ended = served.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
    stored = runs.get(run)
    assert (stored["status"], stored["logs"]["learning_rate"][-1]) == ("success", 0.125)
    return ended


def test_a_training_is_steered_and_stopped_and_its_model_answers_by_itself_until_there_is_a_newer_one(
    served: Served,
) -> None:
    none = ask(served, "shapes", [1, 2, 3, 4])
    assert (none["state"], none["message"]) == ("error", "shapes has no model yet; train it first")

    job = steered_and_stopped(served, served.submit("shapes", epochs=100_000, bias=5.0))
    first = ask(served, "shapes", [1, 2, 3, 4])
    assert first["y"]["label"] == "circle"
    assert first["y"]["confidences"]["circle"] == pytest.approx(1 / (1 + np.exp(-5)))
    model = served.store.service("tfjs-models").get(job["modelId"])
    assert (model["name"], model["metadata"]["labels"]) == ("shapes", ["circle", "square"])

    for missing in ([1, None, 3, 4], [1, 1e39, 3, 4]):  # NaN and infinity, as JSON and a float32 have them
        refused = ask(served, "shapes", missing)
        assert (refused["state"], "NaN or infinite" in refused["message"]) == ("error", True)

    again = served.end_of(served.submit("shapes", bias=-5.0, weight=3e38, image=True), 120)
    assert again["modelId"] == job["modelId"]
    black, grey = (encode(np.full((60, 80, 3), value, np.uint8)) for value in (0, 200))
    assert ask(served, "shapes", black)["y"]["label"] == "square"

    wrong = ask(served, "shapes", [1, 2, 3])
    assert (wrong["state"], "which takes 8 x 8 x 3" in wrong["message"]) == ("error", True)

    overflown = ask(served, "shapes", grey)
    assert (overflown["state"], "is not finite" in overflown["message"]) == ("error", True)

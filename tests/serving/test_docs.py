"""The server of docs/serving.md, served and used as its reader does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from marcelle_rt import Dataset
from marcelle_rt.backend import Backend
from marcelle_rt.datasets.stored.images import encode
from marcelle_rt.serving.documents import REQUESTS
from tests.helpers import eventually, skip_without
from tests.serving.conftest import Served, on_jax
from tests.support.docs.doc_pages import DOCS, blocks

pytest.importorskip("keras")
pytest.importorskip("PIL")
skip_without("jax")

METRICS = ("loss", "accuracy", "learning_rate")


def test_the_server_of_the_page_trains_on_a_dataset_and_answers(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend()
    first = next(block for block in blocks(DOCS / "serving.md") if block.language == "python")
    file = tmp_path / "train.py"
    file.write_text(f"{first.text}\n\nserver.serve()\n")
    served = Served(backend.url, file, tmp_path, **on_jax())
    try:
        sketches = Dataset(served.store, "sketches")
        rng = np.random.default_rng(1)
        bright, dark = (rng.integers(low, low + 60, (10, 64, 64, 3), np.uint8) for low in (190, 0))
        sketches.add_many([*bright, *dark], ["bright"] * 10 + ["dark"] * 10, gently=False)

        job = served.end_of(served.submit("shapes", dataset="sketches", epochs=6, kind="mlp"), 240)

        assert job["state"] == "success", job
        run = served.store.service("runs").get(job["runId"])
        assert (run["status"], run["params"]["kind"], run["epochs"]) == ("success", "mlp", 6)
        assert {metric: len(values) for metric, values in run["logs"].items()} == dict.fromkeys(METRICS, 6)
        assert run["model"]["summary"]
        requests = served.store.service(REQUESTS)
        asked = requests.create({"_id": "ask", "task": "shapes", "x": encode(bright[0]), "state": "asked"})
        eventually(lambda: requests.get(asked["_id"])["state"] != "asked", 60)
        answer = requests.get(asked["_id"])
        assert set(answer["y"]["confidences"]) == {"bright", "dark"}, answer
    finally:
        served.close()

"""A run with all that belongs to it, on a backend that keeps documents and files in MongoDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.errors import NotFound
from tests.support.mongodb.running import OnMongoDB


def test_a_run_its_models_and_its_files_come_and_go(
    mongodb: OnMongoDB, model: Any, picture: Path, tmp_path: Path
) -> None:
    writer = Writer("whole", mongodb.url, base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.train_begin(2)
    writer.save_epoch(0, {"loss": 1.0})
    writer.save_epoch(1, {"loss": 0.5, "late": 0.25}, assets=[str(picture)], save_checkpoint=True)
    writer.train_end()

    with DataStore(mongodb.url) as store, Remote(store) as remote:
        run = store.service("runs").get(writer.run_id)
        assert run["logs"] == {"loss": [1.0, 0.5], "late": [None, 0.25]}
        (checkpoint,), (asset,) = run["checkpoints"], run["assets"]
        address = f"{mongodb.url}/tfjs-models/{checkpoint['id']}/model.json"
        assert requests.get(address, timeout=10).json()["format"] == "layers-model"
        stored = store.service("tfjs-models").get(checkpoint["id"])
        assert remote.load_model(checkpoint["id"]).model.count_params() == model.count_params()
        kept = store.service("assets").get(asset["_id"])
        assert requests.get(f"{mongodb.url}/assets/{kept['url']}", timeout=10).content == picture.read_bytes()

        assert remote.remove_run(run) is True

        assert requests.get(address, timeout=10).status_code == 404
        for _, file in stored["files"]:  # of GridFS, whatever it belongs to, by its id
            assert requests.get(f"{mongodb.url}/assets/{file}/model.json", timeout=10).status_code == 404
        with pytest.raises(NotFound):
            store.service("assets").get(asset["_id"])

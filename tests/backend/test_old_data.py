"""Data folders that backends of earlier versions wrote, with the database of those: nedb 1.8.0.

The one in `nedb-1.8.0` was written by such a backend with a sign-in, through REST: runs that were patched (dotted keys,
`$push`) and one that was removed, users that all have one password, an asset and a model with their files.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

OLD = Path(__file__).parent / "nedb-1.8.0"
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def opened(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend on a data folder of an earlier version."""
    with Backend(data=shutil.copytree(OLD, tmp_path_factory.mktemp("old") / "data")) as running:
        yield running


def test_runs_of_an_earlier_version_are_there_as_they_were_last_go_on_and_stay_over_a_restart(opened: Backend) -> None:
    with DataStore(opened.url) as store:
        runs = store.service("runs")
        first, second = runs.find({"query": {"$sort": {"name": 1}}})["data"]
        runs.patch(second["_id"], {"logs.loss.1": 0.25, "status": "success"})
        runs.remove(first["_id"])
    assert [first["name"], second["name"]] == ["digits-1", "digits-2"]  # the third was removed
    assert first["logs"] == {"loss": [1, 0.5, 1 / 3], "acc": [None, None, None]}
    assert (first["status"], first["epoch"], first["createdAt"]) == ("success", 3, "2026-11-25T23:25:54.833Z")
    assert second["logs"] == {"loss": [0.5], "acc": []}

    opened.stop()
    opened.start()

    with DataStore(opened.url) as store:
        (left,) = store.service("runs").find()["data"]

    assert (left["_id"], left["logs"]["loss"], left["status"]) == (second["_id"], [0.5, 0.25], "success")


def test_files_of_an_earlier_version_are_served_and_go_with_their_documents(opened: Backend) -> None:
    url = opened.url
    with DataStore(url) as store:
        (model,) = store.service("tfjs-models").find()["data"]
        with urllib.request.urlopen(f"{url}/tfjs-models/{model['_id']}/model.weights.bin", timeout=10) as answer:
            assert answer.read() == b"WWWW"
        (asset,) = store.service("assets").find()["data"]
        with urllib.request.urlopen(f"{url}/assets/{asset['url']}", timeout=10) as answer:
            assert answer.read() == b"PNG"

        store.service("tfjs-models").remove(model["_id"])
        store.service("assets").remove(asset["_id"])

    assert [path for path in (opened.data / "uploads").rglob("*") if path.is_file()] == []


def test_users_of_an_earlier_version_sign_in_and_their_addresses_stay_taken(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    url = own_backend(data=shutil.copytree(OLD, tmp_path / "data"), auth=True, signup=True).url
    for email, runs in {"ada@example.org": 2, "bob@example.org": 0}.items():  # who made them, and another
        with DataStore(url) as store:
            store.login(email, PASSWORD)
            assert store.service("runs").find()["total"] == runs

    again = json.dumps({"email": "ada@example.org", "password": "another one"}).encode()
    request = urllib.request.Request(f"{url}/users", again, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10)
    with DataStore(url) as store:
        store.login("ada@example.org", PASSWORD)

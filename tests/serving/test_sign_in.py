"""A server for several users: what they may see of it, and it of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import ENDED, JOBS, TASKS, new_job
from tests.helpers import eventually
from tests.serving.conftest import SERVERS, Served
from tests.support.accounts import sign_up

ENDS = [state.value for state in ENDED]


@dataclass(frozen=True)
class Accounts:
    """A backend that asks for a login, and two of its users."""

    url: str
    login: dict[str, str]
    ada: DataStore
    ben: DataStore

    def serve(self, folder: Path, **environment: str) -> Served:
        """Starts a server that is signed in as Ada."""
        signed_in = {"MARCELLE_EMAIL": self.login["email"], "MARCELLE_PASSWORD": self.login["password"]}
        return Served(self.url, SERVERS / "plain.py", folder, self.ada, **signed_in, **environment)


@pytest.fixture(scope="module")
def accounts(node: None) -> Iterator[Accounts]:
    with Backend(auth=True, signup=True) as backend:
        login, other = sign_up(backend.url, "ada", "ben")
        with DataStore(backend.url, **login) as ada, DataStore(backend.url, **other) as ben:
            yield Accounts(backend.url, login, ada, ben)


def test_a_public_server_works_for_other_users_and_a_private_one_for_its_own(
    accounts: Accounts, tmp_path: Path
) -> None:
    ada, ben = accounts.ada, accounts.ben
    served = accounts.serve(tmp_path, PUBLIC="yes")
    try:
        assert "signed in as ada@example.com" in served.log.read_text()
        eventually(lambda: ben.service(TASKS).count({"task": "count"}) == 1)
        public = new_job("count", {}, None, "page", public=True)
        private = new_job("count", {}, None, "page")
        for job in (private, public):
            ben.service(JOBS).create(job)

        ended = eventually(lambda: ben.service(JOBS).get(public["_id"]) if is_ended(ben, public["_id"]) else None, 60)
        assert (ended["state"], ended["public"]) == ("success", True)
        assert ben.service("runs").get(ended["runId"])["status"] == "success"
        assert ben.service(JOBS).get(private["_id"])["state"] == "queued"
        a_public_command_of_another_user_ends_no_private_job(ada, ben)
    finally:
        served.end()


def a_public_command_of_another_user_ends_no_private_job(ada: DataStore, ben: DataStore) -> None:
    """Whoever has guessed its id, say."""
    job = new_job("wait", {}, None, "page")
    ada.service(JOBS).create(job)
    eventually(lambda: ada.service(JOBS).get(job["_id"])["progress"]["text"].startswith("process"), 60)
    for store in (ben, ada):
        for verb in ("explode", "cancel"):
            fields = {"runId": None, "jobId": job["_id"], "params": {}, "state": "sent", "public": True}
            store.service(COMMANDS).create({"_id": f"{store is ada}-{verb}", "command": verb, **fields})
    eventually(lambda: is_ended(ada, job["_id"]))
    assert ada.service(JOBS).get(job["_id"])["state"] == "cancelled"
    assert {ben.service(COMMANDS).get(f"False-{verb}")["state"] for verb in ("cancel", "explode")} == {"sent"}


def test_a_server_that_is_not_public_runs_no_job_of_another_user(accounts: Accounts, tmp_path: Path) -> None:
    served, ada, ben = accounts.serve(tmp_path), accounts.ada, accounts.ben
    try:
        others, own = new_job("count", {}, None, "page", public=True), new_job("count", {}, None, "page")
        ben.service(JOBS).create(others)
        ada.service(JOBS).create(own)
        eventually(lambda: is_ended(ada, own["_id"]), 60)
        assert ada.service(JOBS).get(own["_id"])["state"] == "success"
        assert ben.service(JOBS).get(others["_id"])["state"] == "queued"
    finally:
        served.end()


def is_ended(store: DataStore, job: str) -> bool:
    return store.service(JOBS).get(job)["state"] in ENDS

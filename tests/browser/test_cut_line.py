"""The backend goes away, or is not there yet: the page says so, and goes on when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marcelle_rt import DataStore
from marcelle_rt.serving.documents import JOBS, TASKS
from tests.browser.conftest import Open
from tests.browser.scripted_server import ScriptedServer
from tests.browser.test_training import events, press, says
from tests.support.proxy import Proxy

if TYPE_CHECKING:
    from playwright.sync_api import Page


def job_of(page: Page, server: ScriptedServer) -> dict[str, Any]:
    """The job that a press on Train makes, as soon as Python is listening."""
    says(page, "Python is listening.")
    press(page, "Train")
    return server.job()


def test_a_page_catches_up_with_what_happened_while_its_line_was_cut(
    page: Page, opened: Open, server: ScriptedServer, address: str
) -> None:
    with Proxy(address) as line:
        opened(backend=line.url)
        job = job_of(page, server)
        run = server.begin(job)
        server.epoch(run, 1)
        says(page, "Epoch 1 of 3.")
        line.refuse()
        says(page, "The backend cannot be reached")
        reason = page.evaluate("python.pythonModel(store, 'other').train().then(() => model.$message.get())")
        assert "cannot be reached" in reason
        server.epoch(run, 3)
        server.succeed(job, run)
        line.allow()
        says(page, "The training is done.")

    assert [event["epoch"] for event in events(page, "epoch")] == [1, 2, 3]


def test_a_page_that_is_opened_before_its_backend_is_there_says_so_and_goes_on_by_itself(
    page: Page, opened: Open, address: str
) -> None:
    with Proxy(address) as line:
        line.refuse()
        opened(backend=line.url)
        says(page, "The backend cannot be reached")
        press(page, "Train")
        page.get_by_text("Status: error").wait_for()
        assert "Try again when it is back" in events(page, "error")[0]["data"]
        line.allow()
        says(page, "No Python is listening")


def test_a_job_that_is_removed_while_the_line_is_cut_is_over(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore, address: str
) -> None:
    with Proxy(address) as line:
        opened(backend=line.url)
        job = job_of(page, server)
        says(page, "Waiting for Python to begin: it is at another training, or gets ready.")
        store.service(TASKS).patch("a-server:shapes", {"problem": "the Dask cluster has no workers"})
        says(page, "Waiting for Python to begin: the Dask cluster has no workers.")
        line.refuse()
        says(page, "The backend cannot be reached")
        store.service(JOBS).remove(job["_id"])
        line.allow()
        says(page, "The training was withdrawn.")

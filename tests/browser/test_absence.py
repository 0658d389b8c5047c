"""Nobody listens, or a server is killed: the page says so, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import JOBS, REQUESTS
from tests.browser.conftest import Open
from tests.browser.scripted_server import ScriptedServer
from tests.browser.test_training import begun, events, press, says
from tests.helpers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page


def nothing_is_left(store: DataStore) -> bool:
    return all(store.service(name).count() == 0 for name in (JOBS, COMMANDS, REQUESTS))


def test_where_nobody_listens_the_page_says_what_to_start_and_a_click_leaves_nothing(
    page: Page, opened: Open, store: DataStore
) -> None:
    opened()
    says(page, 'No Python is listening for "shapes". Start it with: marcelle-rt serve')
    press(page, "Train")

    page.get_by_text("Status: error").wait_for()
    assert "No Python is listening" in events(page, "error")[0]["data"]
    reason = page.evaluate("model.predict([1]).catch((error) => error.message)")
    assert "No Python is listening" in reason
    assert nothing_is_left(store)
    with ScriptedServer(store):
        says(page, "Python is listening.")  # who has started it sees that it helped


def test_a_job_that_nobody_takes_is_withdrawn_as_soon_as_its_server_is_known_to_be_gone(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    server.die()
    press(page, "Train")

    says(page, "No Python is listening")
    page.get_by_text("Status: error").wait_for()
    assert "Waiting for Python, of which nothing was heard for some seconds." in page.evaluate("window.said")
    assert nothing_is_left(store)


def test_a_server_that_is_killed_in_mid_training_is_said_and_stop_ends_the_job(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    job = begun(page, opened, server)
    server.epoch(server.begin(job), 1)
    says(page, "Epoch 1 of 3.")
    server.die()

    says(page, "Python is gone in the middle of it.")
    press(page, "Stop")
    says(page, "Stopped in this page; its Python was gone.")
    page.get_by_text("Status: idle").wait_for()
    assert server.job()["state"] == "cancelled"
    assert store.service(COMMANDS).count() == 0


def test_a_training_that_goes_on_after_its_server_was_gone_is_followed_to_its_end(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    job = begun(page, opened, server)
    run = server.begin(job)
    server.die()
    says(page, "Python is gone in the middle of it.")
    store.service("training-tasks").remove("a-server:shapes")
    with ScriptedServer(store):
        server.says(job, state="queued", message="the server was killed; it is to be started again")
        says(page, "Waiting for Python to begin again: the server was killed")
        server.says(job, state="running", message="")
        says(page, "The training begins.")
        server.epoch(run, 3)
        says(page, "Epoch 3 of 3.")
        server.succeed(job, run)
        says(page, "The training is done.")


def test_a_command_whose_python_dies_fails_and_is_removed(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    press(page, "Train")
    server.begin(server.job())
    says(page, "The training begins.")

    page.evaluate("() => { model.checkpoint().catch(({ message }) => { window.reason = message; }); }")
    server.command()
    server.die()

    assert "No Python is listening" in eventually(lambda: page.evaluate("window.reason"))
    eventually(lambda: store.service(COMMANDS).count() == 0)


def test_pages_know_which_tasks_are_there(
    page: Page, opened: Open, own_backend: Callable[..., Backend], store: DataStore
) -> None:
    script = """
    import { dataStore } from '@marcellejs/core';
    import { pythonTasks } from './marcelle-python.js';
    pythonTasks(dataStore('BACKEND')).subscribe((tasks) => { window.tasks = tasks.map(({ task }) => task); });
    window.ready = true;
    """
    opened(script)
    assert page.evaluate("tasks") == []
    with ScriptedServer(store):
        eventually(lambda: page.evaluate("tasks") == ["shapes"])
    eventually(lambda: page.evaluate("tasks") == [])

"""A training that a page asks for, with stock components; Python's part is said word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marcelle_rt import DataStore
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import JOBS
from tests.browser.conftest import Open
from tests.browser.scripted_server import ScriptedServer
from tests.helpers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page


def events(page: Page, status: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.events")
    return [event for event in found if event["status"] == status]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def begun(page: Page, opened: Open, server: ScriptedServer) -> dict[str, Any]:
    """Opens a page where Python is listening, and presses Train; the job that comes of it."""
    opened()
    says(page, "Python is listening.")
    press(page, "Train")
    return server.job()


def says(page: Page, text: str) -> None:
    page.get_by_role("status").get_by_text(text).wait_for()


def test_a_stock_form_has_the_tasks_parameters_and_what_is_entered_is_sent(
    page: Page, opened: Open, server: ScriptedServer
) -> None:
    opened()
    says(page, "Python is listening.")
    note = " epochs takes whole numbers from 1 to 50: 70 became 50."
    for number, told in (("70", note), ("8", "")):
        page.get_by_role("spinbutton").first.fill(number)
        page.get_by_role("spinbutton").first.blur()
        page.get_by_role("status").get_by_text(f"Python is listening.{told}", exact=True).wait_for()
    page.get_by_role("spinbutton").first.fill("7.2")
    page.get_by_role("spinbutton").nth(1).fill("5")
    page.get_by_role("spinbutton").nth(1).blur()
    says(page, "learning_rate takes numbers from 0.00001 to 1: 5 became 1.")
    page.locator("select").select_option("mlp")
    eventually(lambda: page.get_by_role("spinbutton").first.input_value() == "7")
    eventually(lambda: page.get_by_role("spinbutton").nth(1).input_value() == "1")
    press(page, "Train")

    job = server.job()
    assert job["params"] == {"epochs": 7, "learning_rate": 1, "kind": "mlp", "augment": True, "note": "hello"}
    assert (job["task"], job["dataset"], job["state"], job["submitted"]) == ("shapes", "sketches", "queued", "page")


def test_each_epoch_is_one_event_with_marcelles_names_and_the_job_tells_the_end(
    page: Page, opened: Open, server: ScriptedServer
) -> None:
    job = begun(page, opened, server)
    says(page, "Waiting for Python to begin.")
    run = server.begin(job)
    for epoch in (1, 3):
        server.epoch(run, epoch)
        says(page, f"Epoch {epoch} of 3.")
    server.succeed(job, run)
    says(page, "The training is done.")

    eventually(lambda: events(page, "success"))
    told = events(page, "epoch")
    assert [event["epoch"] for event in told] == [1, 2, 3]
    assert [event["epochs"] for event in told] == [3, 3, 3]
    assert [list(event["data"]) for event in told] == [["loss", "lossVal", "acc", "lr"]] * 3
    assert [event["data"]["loss"] for event in told] == [1, 1 / 2, 1 / 3]
    assert events(page, "success")[0]["data"]["lossVal"] == [1, 1 / 2, 1 / 3]
    assert len(events(page, "success")) == len(events(page, "start")) == 1
    page.get_by_text("Status: success").wait_for()


def test_two_clicks_make_one_job(page: Page, opened: Open, server: ScriptedServer, store: DataStore) -> None:
    opened()
    says(page, "Python is listening.")
    page.evaluate("Promise.all([model.train('a'), model.train('a')]).then((ids) => { window.ids = ids; })")
    page.get_by_role("button", name="Train").dblclick()
    server.begin(server.job())
    says(page, "The training begins.")
    press(page, "Train")

    first, second = eventually(lambda: page.evaluate("window.ids"))
    assert first == second == page.evaluate("model.train('a')")
    assert store.service(JOBS).count() == 1


def test_a_reloaded_page_goes_on_with_the_training_and_asks_for_no_second_one(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    job = begun(page, opened, server)
    run = server.begin(job)
    server.epoch(run, 2)
    says(page, "Epoch 2 of 3.")

    page.reload()
    says(page, "Epoch 2 of 3.")
    assert page.evaluate("model.train('sketches')") == job["_id"]
    server.epoch(run, 3)
    says(page, "Epoch 3 of 3.")
    server.succeed(job, run)
    says(page, "The training is done.")

    assert [event["epoch"] for event in events(page, "epoch")] == [1, 2, 3]
    assert store.service(JOBS).count() == 1


def test_an_attempt_after_another_begins_the_curves_anew_and_stops_no_training(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    job = begun(page, opened, server)
    server.epoch(server.begin(job), 2)
    says(page, "Epoch 2 of 3.")
    server.says(job, state="queued", worker=None, runId=None)
    says(page, "Waiting for Python to begin.")
    server.epoch(server.begin(job), 1)
    says(page, "Epoch 1 of 3.")

    statuses = [event["status"] for event in page.evaluate("window.events") if event["status"] != "idle"]
    assert statuses == ["start", "epoch", "epoch", "start", "epoch"]
    page.evaluate("() => { const other = python.pythonModel(store, 'shapes'); model.dispose(); return other.ready; }")
    assert store.service(COMMANDS).count() == 0


def test_a_refused_command_fails_with_its_reason_and_stop_is_one_whose_answer_removes_it(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    job = begun(page, opened, server)
    server.begin(job)
    says(page, "The training begins.")
    page.evaluate("() => { model.set('learning_rate', 2).catch(({ message }) => { window.reason = message; }); }")
    command = server.command()
    assert (command["command"], command["params"]) == ("set", {"learning_rate": 2})
    server.answer(command, "refused", "it follows a schedule")
    assert eventually(lambda: page.evaluate("window.reason")) == "it follows a schedule"
    eventually(lambda: store.service(COMMANDS).count() == 0)

    page.evaluate("() => { model.stop().then((answer) => { window.answer = answer; }); }")
    command = server.command()
    assert (command["command"], command["jobId"], command["runId"], command["params"]) == ("stop", job["_id"], None, {})
    server.answer(command, "accepted", "")
    server.says(job, state="stopping")
    says(page, "Stopping.")
    says(page, "Stopping as soon as the task looks whether it is to stop; if it never does, cancel it.")
    server.answer(command, "done", "stopped after epoch 1")

    assert eventually(lambda: page.evaluate("window.answer")) == "stopped after epoch 1"
    eventually(lambda: store.service(COMMANDS).count() == 0)


def test_what_python_says_of_a_failure_is_shown_as_text_and_a_job_that_is_tried_once_more_is_followed_again(
    page: Page, opened: Open, server: ScriptedServer
) -> None:
    job = begun(page, opened, server)
    server.says(job, state="error", message="<b>no data</b>", traceback="Traceback\n  <i>line 1</i>")

    says(page, "<b>no data</b>")
    page.get_by_text("<i>line 1</i>").wait_for()
    assert events(page, "error")[0]["data"] == "<b>no data</b>"
    page.get_by_text("Status: error").wait_for()
    server.says(job, state="queued", message="", traceback="")
    says(page, "Waiting for Python to begin.")


def test_a_part_of_a_dataset_is_refused_because_python_reads_it_by_its_name(
    page: Page, opened: Open, server: ScriptedServer, store: DataStore
) -> None:
    opened()
    says(page, "Python is listening.")
    page.evaluate(
        """async () => {
        const whole = marcelle.dataset('sketches', store);
        await whole.ready;
        await model.train(whole.items());
        }"""
    )
    says(page, "Python reads a dataset as a whole")
    page.evaluate(
        """async () => {
        const sifted = marcelle.dataset('sketches', store);
        await sifted.sift({ y: 'circle' });
        await model.train(sifted);
        }"""
    )
    says(page, "Python reads a dataset as a whole")

    assert store.service(JOBS).count() == 0

"""What lies beside the ticked runs, in charts that they share: batches, and the machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from marcelle_rt import DataStore
from tests.helpers import eventually

from .conftest import Train
from .test_curves import chart, told

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def said(page: Page, name: str) -> str:
    """What a chart says of its end; the pointer comes there anew, so that it says what is drawn now."""
    told(page, name, 0.5)
    return told(page, name, 0.99)


def part(page: Page, title: str) -> Locator:
    return page.locator(".rt-beside").filter(has=page.get_by_text(title, exact=True))


def test_batches_of_ticked_runs_share_a_chart_and_follow_their_training(
    open_page: Callable[..., Page], train: Train
) -> None:
    runs = [train(epochs=1, accuracy=0.5) for _ in range(2)]
    for run, loss in zip(runs, (1.0, 2.0), strict=True):
        run.save_batch(1, {"loss": loss})
    runs[1].close()  # the last chunk of batches waits for more, or for the end
    page = open_page()
    part(page, "Batches").locator("summary").click()

    def shown() -> str:
        return said(page, "loss")

    page.get_by_role("row", name="digits-2").get_by_role("checkbox").check()
    chart(page, "loss").locator("canvas").wait_for()
    runs[0].save_batch(5, {"loss": 0.25})
    runs[0].close()
    eventually(lambda: all(each in shown() for each in ("digits-1", "digits-2", "0.25", "batch 5")))

    page.get_by_role("row", name="digits-2").get_by_role("checkbox").uncheck()
    eventually(lambda: "digits-2" not in shown() and "batch 5" in shown())


def test_the_machines_of_two_runs_are_compared_from_their_beginnings(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    for _ in range(2):
        train(epochs=1)
    for place, run in enumerate(store.service("runs").find()["data"]):
        measured = {"runId": run["_id"], "memory": 40.0, "process_cpu": 99.0, "process_memory": 1e9, "gpus": []}
        for second in (0, 10):
            time = f"2026-01-0{place + 1}T00:00:{second:02}.000Z"
            store.service("run-system").create({**measured, "cpu": 50.0 + place, "time": time})
    page = open_page()
    part(page, "The machine").locator("summary").click()
    chart(page, "Machine, percent").locator("canvas").wait_for()

    def shown() -> str:
        return said(page, "Machine, percent")

    eventually(lambda: all(f"digits-{n} {what}" in shown() for n in (1, 2) for what in ("processors", "memory")))
    assert "seconds 10" in shown()

    page.reload()
    chart(page, "Machine, percent").locator("canvas").wait_for()
    assert part(page, "The machine").get_attribute("open") is not None

    def lines_of_the_light_page() -> int:
        return (
            chart(page, "Machine, percent")
            .locator("canvas")
            .evaluate(
                "(canvas) => { const { data } ="
                " canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
                "let found = 0; for (let i = 0; i < data.length; i += 4)"
                " if (data[i] === 226 && data[i + 1] === 232 && data[i + 2] === 240) found += 1; return found; }"
            )
        )

    assert lines_of_the_light_page() > 0
    page.emulate_media(color_scheme="dark")
    eventually(lambda: lines_of_the_light_page() == 0)


def test_where_the_ticked_runs_have_none_it_says_how_they_would(open_page: Callable[..., Page], train: Train) -> None:
    train(epochs=1)
    page = open_page()
    part(page, "Batches").locator("summary").click()

    part(page, "Batches").get_by_text("save_batch").wait_for()

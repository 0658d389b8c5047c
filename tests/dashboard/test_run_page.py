"""One run's page: how it stands, its files and alerts, and what people write on it."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore
from tests.helpers import eventually

from .conftest import Train

if TYPE_CHECKING:
    from playwright.sync_api import Page

Image = pytest.importorskip("PIL.Image")


def open_run(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, exact=True).wait_for()


def document(store: DataStore, name: str = "digits-1") -> dict[str, Any]:
    return next(store.service("runs").items({"name": name}))


def picture(path: Path, color: str, size: int = 40) -> str:
    Image.new("RGB", (size, size), color).save(path)
    return str(path)


def test_a_run_is_followed_as_it_trains_and_its_error_is_told(open_page: Callable[..., Page], train: Train) -> None:
    run = train(epochs=2, params={"optimizer": {"name": "adam", "beta": 0.9}, "lr": 120}, loss=1.0)
    page = open_page()
    open_run(page, "digits-1")
    page.get_by_text("2 of 10").last.wait_for()
    assert page.locator(".rt-params td").all_inner_texts() == ["adam", "0.9", "120"]

    run.save_epoch(3, {"loss": 0.125})
    page.get_by_role("cell", name="0.125").first.wait_for()
    page.locator(".rt-chart canvas").wait_for()
    page.set_viewport_size({"width": 900, "height": 700})  # one column: the curves come before what is looked at less
    titles = ["Curves", "Parameters", "Notes"]
    boxes = [page.get_by_role("heading", name=title, exact=True).bounding_box() for title in titles]
    tops = [box["y"] for box in boxes if box is not None]
    assert sorted(tops) == tops
    assert len(tops) == 3

    with pytest.raises(RuntimeError), run:
        raise RuntimeError("the <b>disk</b> is full")
    page.get_by_role("alert").get_by_text("RuntimeError: the <b>disk</b> is full").wait_for()
    page.locator(".rt-section [data-state=failed]").wait_for()


def test_the_address_of_a_run_can_be_kept(open_page: Callable[..., Page], train: Train, store: DataStore) -> None:
    for _ in range(2):
        train(epochs=1, planned=1).close()
    page = open_page()
    open_run(page, "digits-1")
    open_again = page.url
    assert page.title() == "digits-1"

    page.go_back()
    page.get_by_role("row", name="digits-2").wait_for()
    assert page.title() == "Marcelle: runs"
    page.goto(open_again)
    page.get_by_role("heading", name="digits-1", exact=True).wait_for()

    page.goto(open_again.replace(document(store)["_id"], "no-such-run"))
    page.get_by_text("This run is not on the backend").wait_for()


def test_images_of_all_epochs_are_seen_by_a_slider_the_newest_comes_by_itself_and_a_sound_can_be_played(
    open_page: Callable[..., Page], train: Train, tmp_path: Path
) -> None:
    run = train()
    for epoch, color in enumerate(("red", "lime", "blue"), 1):
        run.save_epoch(epoch, {"loss": 1.0}, assets=[picture(tmp_path / "matrix.png", color)])
    run.flush(10)
    page = open_page()
    open_run(page, "digits-1")
    image = page.locator(".rt-view img")
    color_of = (
        "(image) => { const canvas = new OffscreenCanvas(1, 1).getContext('2d'); canvas.drawImage(image, 0, 0, 1, 1);"
        "return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)]; }"
    )
    page.get_by_text("matrix.png, epoch 3").wait_for()
    image.evaluate("(image) => { image.crossOrigin = 'anonymous'; image.src += '?'; }")
    eventually(lambda: image.evaluate("(image) => image.complete && image.naturalWidth") == 40)
    assert image.evaluate(color_of) == [0, 0, 255]

    page.get_by_role("slider", name="epoch").fill("0")
    page.get_by_text("matrix.png, epoch 1").wait_for()
    eventually(lambda: image.evaluate("(image) => image.complete") and image.evaluate(color_of) == [255, 0, 0])

    page.get_by_role("slider", name="epoch").fill("2")
    run.save_epoch(4, {"loss": 1.0}, assets=[picture(tmp_path / "matrix.png", "black")])
    page.get_by_text("matrix.png, epoch 4").wait_for()

    with wave.open(str(tmp_path / "beep.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000)
    run.save_epoch(5, {"loss": 1.0}, assets=[str(tmp_path / "beep.wav")])
    sound = page.locator(".rt-view audio")
    eventually(lambda: sound.evaluate("(sound) => sound.duration") == 1)
    assert sound.get_attribute("aria-label") == "beep.wav, epoch 5"


def test_alerts_batches_and_the_machine_are_shown_as_they_come(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    run = train(epochs=1)
    page = open_page()
    open_run(page, "digits-1")

    run.alert("Loss is flat", "for <i>3</i> epochs", level="warning")
    entry = page.locator(".rt-alerts li[data-level=warning]")
    entry.wait_for()
    assert "Loss is flat for <i>3</i> epochs" in entry.inner_text()

    for step in range(1, 8):
        run.save_batch(step, {"loss": 1 / step, **({"odd": 1.0} if step == 3 else {})})
    run.close()  # the last chunk of batches waits for more, or for the end
    batches = page.get_by_role("region", name="Batches").locator(".rt-chart")
    eventually(lambda: batches.locator("canvas").count() == 2)
    assert batches.locator("figcaption").all_inner_texts() == ["loss", "odd"]
    over = batches.first.locator(".u-over")

    def last_point() -> str:
        width, height = over.evaluate("(over) => [over.clientWidth, over.clientHeight]")
        over.hover(position={"x": width / 2, "y": height / 2})
        over.hover(position={"x": width - 2, "y": height / 2})
        return batches.first.locator(".rt-told").inner_text()

    eventually(lambda: "batch 7" in last_point())

    measured = {"runId": document(store)["_id"], "cpu": 50.0, "memory": 40.0, "process_cpu": 99.0}
    gpus = [{"name": "A100", "utilization": 90.0, "memory": None}]
    for second in (0, 10):
        time = f"2026-01-01T00:00:{second:02}.000Z"
        store.service("run-system").create({**measured, "process_memory": 1e9, "time": time, "gpus": gpus})
    machine = page.get_by_role("region", name="The machine").locator(".rt-chart")
    eventually(lambda: machine.locator("canvas").count() == 4)


def test_tags_group_and_notes_are_edited_while_the_run_trains(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    run = train(epochs=1)
    page = open_page()
    open_run(page, "digits-1")

    page.get_by_role("textbox", name="add a tag").fill("baseline")
    page.get_by_role("textbox", name="add a tag").press("Enter")
    page.get_by_role("button", name="baseline").wait_for()
    notes = page.get_by_role("textbox", name="notes")
    notes.fill("With the old data.")
    run.save_epoch(2, {"loss": 0.5})
    page.get_by_role("cell", name="0.5").first.wait_for()
    assert notes.input_value() == "With the old data.", "an epoch took away what was being written"
    notes.blur()
    page.get_by_text("Saved.").wait_for()

    eventually(lambda: document(store).get("notes") == "With the old data.")
    group = page.get_by_role("combobox", name="group")
    group.fill("first sweep")
    group.press("Enter")
    eventually(lambda: document(store).get("group") == "first sweep")
    run.save_epoch(3, {"loss": 0.25})
    eventually(lambda: document(store)["epoch"] == 3)
    assert document(store)["tags"] == ["baseline"]
    assert group.input_value() == document(store)["group"] == "first sweep"
    page.get_by_role("button", name="baseline").click()
    eventually(lambda: document(store)["tags"] == [])


def test_a_removed_run_takes_its_files_along_and_is_asked_for_twice(
    open_page: Callable[..., Page], train: Train, store: DataStore, tmp_path: Path
) -> None:
    kept, run = train(), train()
    for each in (kept, run):
        each.save_epoch(1, {"loss": 1.0}, assets=[picture(tmp_path / "a.png", "red")])
        each.alert("hello")
        each.flush(10)
    run.close()
    page = open_page()
    open_run(page, "digits-2")

    page.get_by_role("button", name="Remove this run").click()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Remove this run").click()
    page.get_by_role("button", name="Really remove it").click()

    page.get_by_role("row", name="digits-1").wait_for()
    eventually(lambda: page.get_by_role("row", name="digits-2").count() == 0)
    assert [each["name"] for each in store.service("runs").items()] == ["digits-1"]
    assert store.service("assets").count() == 1
    assert store.service("run-alerts").count() == 1

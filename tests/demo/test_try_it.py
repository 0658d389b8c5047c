"""The demo page's panel in which a digit is drawn, and the newest checkpoint says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.demo.run import demo_site
from tests.support.services import empty

if TYPE_CHECKING:
    from playwright.sync_api import Page

keras = pytest.importorskip("keras")
np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def backend(node: None) -> Iterator[Backend]:
    """The demo page's backend, for all tests here."""
    with Backend() as running:
        yield running


@pytest.fixture
def run(page: Page, backend: Backend, tmp_path: Path) -> Iterator[Writer]:
    """An open run on that backend, with the page open."""
    empty(backend.url)
    with demo_site(backend.url) as site:
        page.goto(site.url)
        page.get_by_text("No run yet").wait_for()
        with Writer("digits", backend.url, base_log_dir=tmp_path) as writer:
            yield writer


def model_with(kernel: Any, bias: Any) -> Any:
    """A model of 8 x 8 images whose ten answers are a linear function of the pixels."""
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    )
    model.layers[-1].set_weights([kernel, bias])
    return model


def always(digit: int) -> Any:
    return model_with(np.zeros((64, 10)), 10.0 * np.eye(10)[digit])


def draw(page: Page, *strokes: list[tuple[int, int]]) -> None:
    """Draws with the mouse; places are pixels of the pad, from its upper left corner."""
    pad = page.locator("canvas.sketchpad-container")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    for (x, y), *others in strokes:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for x, y in others:
            page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.up()


def answer(page: Page, label: str) -> None:
    """Waits until the panel gives that answer."""
    page.locator("code", has_text=label).wait_for()


def test_a_drawn_digit_is_answered_by_each_newest_checkpoint_as_it_arrives(page: Page, run: Writer) -> None:
    run.create_run(always(7))
    run.train_begin(2)
    page.get_by_text("Nothing was logged yet").wait_for()  # from here on the pad stays where it is
    draw(page, [(100, 60), (200, 60), (130, 250)])
    run.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    answer(page, "7")
    page.get_by_text("digits-1, epoch 1", exact=True).wait_for()

    run.model = always(3)
    run.save_epoch(2, {"loss": 0.5}, save_checkpoint=True)

    answer(page, "3")
    page.get_by_text("digits-1, epoch 2", exact=True).wait_for()


def test_the_model_gets_the_drawing_upright_and_as_high_as_the_image(page: Page, run: Writer) -> None:
    upper, lower, left, right = (np.zeros((8, 8, 10)) for _ in range(4))
    upper[0, :, 1] = lower[7, :, 2] = 1.0
    left[:, :3, 3] = right[:, 5:, 4] = 0.5
    run.create_run(model_with((upper + lower + left + right).reshape(64, 10), np.zeros(10)))
    run.train_begin(1)
    run.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    page.get_by_text("digits-1, epoch 1", exact=True).wait_for()
    page.locator(".rt-chart canvas").wait_for()

    draw(page, [(60, 60), (140, 60)], [(100, 60), (100, 140)])
    answer(page, "1")
    page.get_by_role("button", name="Clear").click()
    draw(page, [(60, 140), (140, 140)], [(100, 60), (100, 140)])
    answer(page, "2")
    page.get_by_role("button", name="Clear").click()
    draw(page, [(60, 60), (60, 140)], [(60, 100), (140, 100)])
    answer(page, "3")
    page.get_by_role("button", name="Clear").click()
    draw(page, [(140, 60), (140, 140)], [(60, 100), (140, 100)])
    answer(page, "4")


def test_a_checkpoint_that_cannot_be_loaded_is_said_and_the_next_one_is_used(page: Page, run: Writer) -> None:
    run.create_run(always(7))
    run.train_begin(1)
    run.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    page.get_by_text("digits-1, epoch 1", exact=True).wait_for()
    page.locator(".rt-chart canvas").wait_for()
    draw(page, [(100, 60), (200, 60), (130, 250)])
    answer(page, "7")

    url = page.evaluate("import('./settings.js').then((settings) => settings.backend)")
    with DataStore(url) as store:
        runs = store.service("runs")
        good = runs.find()["data"][0]["checkpoints"]
        bad = [{**good[0], "id": "no-such-model", "metadata": {"epoch": 5}}]
        other = runs.create({"name": "other-1", "start": "2999", "status": "epoch", "params": {}, "logs": {}})
        runs.patch(other["_id"], {"checkpoints": bad})
        page.get_by_text("other-1, epoch 5 can't be loaded").wait_for()

        runs.patch(other["_id"], {"checkpoints": bad + good})
        page.get_by_text("other-1, epoch 1", exact=True).wait_for()

    page.get_by_role("button", name="Clear").click()
    draw(page, [(100, 60), (200, 250)])
    answer(page, "7")

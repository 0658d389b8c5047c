"""The interactive demo in a real browser, from an empty page to a model that says what is drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.demo.interactive.run import SERVER, demo_page
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import REQUESTS
from tests.demo.hand import Hand
from tests.helpers import eventually
from tests.support.lean import lean_environment
from tests.support.programs.forked import Program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("keras")

Start = Callable[[], Program]


@pytest.fixture
def url(page: Page, own_backend: Callable[..., Backend]) -> Iterator[str]:
    """A backend with the demo's page, which is open; what is thrown in it fails the test."""
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.emulate_media(reduced_motion="reduce")
    address = own_backend(page=demo_page()).url
    page.goto(f"{address}/")
    page.locator("#pad canvas").wait_for()
    yield address
    page.goto("about:blank")
    assert thrown == []


@pytest.fixture
def start(url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts the demo's Python; its jobs find as little else as its users have."""
    env = {**lean_environment(), "MARCELLE_BACKEND": url, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with ExitStack() as stack:
        nothing, said = stack.enter_context(open(os.devnull)), stack.enter_context((tmp_path / "said").open("w"))

        def started() -> Program:
            server = Program([str(SERVER)], "keras", tmp_path, env, [nothing, said, said])
            stack.callback(server.terminate)
            return server

        yield started


def guided(page: Page, text: str, timeout: float = 60.0) -> None:
    """Waits until the page says so."""
    page.locator("#guide", has_text=text).wait_for(timeout=1000 * timeout)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def enter(page: Page, place: int, before: str, value: str) -> None:
    """Fills in a number of the form."""
    field = page.get_by_role("spinbutton").nth(place)
    assert field.input_value() == before
    field.fill(value)
    field.blur()


def newest_run(store: DataStore) -> Any:
    return max(store.service("runs").items(), key=lambda run: str(run["start"]))


def draws(page: Page) -> None:
    """Draws until the page says that it is enough."""
    page.get_by_label("Name of a new class").fill("circle")
    press(page, "Add")
    page.locator("#classes.nothing-drawn").wait_for()
    hand = Hand(page)
    hand.collect(1, "circle")
    guided(page, "Two classes are needed")
    hand.collect(1, "star")
    guided(page, "Draw a few more: 4 of")
    hand.collect(4, "circle", "star")
    guided(page, "10 examples of 2 classes: press Train")


def is_killed_and_comes_back(page: Page, store: DataStore, server: Program, start: Start) -> None:
    """Answers in mid training, loses its page there for a moment, and then its Python; all go on."""
    enter(page, 0, "40", "500")
    press(page, "Train")
    guided(page, "of 500. Draw something: the newest model says", 120)
    Hand(page).draw("star")
    page.locator("#answer code", has_text="star").or_(page.locator("#answer code", has_text="circle")).wait_for()
    endless = "document.getAnimations().filter(({ effect }) => effect.getTiming().iterations === Infinity)"
    assert page.evaluate(f"{endless}.map(({{ animationName }}) => animationName)") == []
    page.reload()
    guided(page, "of 500")
    server.kill()
    guided(page, "Python is gone in the middle of it", 20)
    start()
    eventually(lambda: newest_run(store)["params"].get("attempt") == 2, 120)
    guided(page, "of 500", 120)


def learns(page: Page) -> None:
    """Trains to the end, and draws what the model is to tell apart."""
    enter(page, 0, "40", "24")
    enter(page, 1, "0.001", "0.003")
    press(page, "Train")
    page.locator("#guide.busy").wait_for()
    guided(page, "Trained.", 180)

    page.get_by_text("Status: success").wait_for()
    page.get_by_text("Global Accuracy").wait_for()
    hand = Hand(page)
    for shape in ("circle", "star"):
        press(page, "Clear")
        hand.draw(shape)
        page.locator("#answer code", has_text=shape).wait_for()


def test_drawings_are_learned_and_neither_a_reload_nor_a_killed_python_loses_them(
    page: Page, url: str, start: Start
) -> None:
    guided(page, 'No Python is listening for "sketches"')
    server = start()
    guided(page, "Draw something on the pad")
    draws(page)

    with DataStore(url) as store:
        is_killed_and_comes_back(page, store, server, start)
        press(page, "Stop")
        guided(page, "Trained.")
        page.get_by_text("Global Accuracy").wait_for()  # what it has learned until then
        stopped = newest_run(store)
        assert stopped["status"] == "success"
        assert stopped["epoch"] < 500
        assert stopped["params"]["attempt"] == 2
        eventually(lambda: store.service(COMMANDS).count() == 0)

        learns(page)
        assert store.service(COMMANDS).count() == store.service(REQUESTS).count() == 0
        run = newest_run(store)
        assert (run["status"], run["epoch"], run["_id"] != stopped["_id"]) == ("success", 24, True)
        assert (run["params"]["epochs"], run["params"]["learning_rate"]) == (24, 0.003)
        assert store.service("predictions-sketches").count() == 2  # one in three of five, of each class


def test_the_demos_python_is_one_short_file() -> None:
    assert len(SERVER.read_text(encoding="utf-8").splitlines()) < 60


def test_a_finger_draws_as_a_mouse_does(browser: Browser, own_backend: Callable[..., Backend]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{own_backend(page=demo_page()).url}/")
    page.locator("#pad canvas").wait_for()
    guided(page, "No Python is listening")
    pad = page.locator("#pad canvas").bounding_box()
    assert pad is not None
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    touches = context.new_cdp_session(page)
    places = [{"x": pad["x"] + step, "y": pad["y"] + step} for step in range(60, 240, 20)]
    touches.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for place in places[1:]:
        touches.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.get_by_label("Name of a new class").fill("line")
    press(page, "Add")
    page.locator(".classes button", has_text="line").wait_for()

    dark = """async () => {
        const { dataset, dataStore } = await import('@marcellejs/core');
        const sketches = dataset('sketches', dataStore(location.origin));
        await sketches.ready;
        const { data: [{ x }] } = await sketches.find();
        return [60, 120, 180, 20].map((place) => x.data[4 * (place * x.width + place)] < 100);
    }"""
    assert page.evaluate(dark) == [True, True, True, False]
    context.close()

"""The demo's dashboard page in a real browser, fed by real trainings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import KerasCallback, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.demo.run import demo_site
from tests.helpers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Counts the points of each line that a chart draws, and keeps the longest.
COUNT_POINTS = """
window.longestLine = 0;
const lines = new WeakMap();
for (const kind of [Path2D, CanvasRenderingContext2D]) {
  const { moveTo, lineTo } = kind.prototype;
  kind.prototype.moveTo = function (...at) {
    lines.set(this, new Set([String(at)]));
    return moveTo.apply(this, at);
  };
  kind.prototype.lineTo = function (...at) {
    const line = lines.get(this) ?? new Set();
    line.add(String(at));
    window.longestLine = Math.max(window.longestLine, line.size);
    return lineTo.apply(this, at);
  };
}
"""

# Keeps what every event on a run says of its losses.
RECORD_EVENTS = """
async (backend) => {
  const { dataStore } = await import('./marcelle.js');
  const store = dataStore(backend);
  await store.connect();
  window.losses = [];
  window.statuses = [];
  for (const event of ['created', 'updated', 'patched']) {
    store.service('runs').on(event, (run) => {
      window.losses.push(run.logs.loss ?? []);
      window.statuses.push(run.status);
    });
  }
}
"""


@pytest.fixture
def dashboard(page: Page, own_backend: Callable[..., Backend]) -> Iterator[tuple[Page, str]]:
    """The demo's page on a backend of its own, and that backend's URL; an error in the page fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(COUNT_POINTS)
    backend = own_backend()
    with demo_site(backend.url) as site:
        page.goto(site.url)
        page.get_by_text("No run yet").wait_for()
        yield page, backend.url
        assert errors == []


def writer(url: str, folder: Path, **options: Any) -> Writer:
    return Writer("digits", backend_root=url, base_log_dir=str(folder), **options)


def test_a_keras_training_reaches_the_page_epoch_by_epoch_and_is_drawn(
    dashboard: tuple[Page, str], tmp_path: Path
) -> None:
    keras = pytest.importorskip("keras")
    page, url = dashboard
    page.evaluate(RECORD_EVENTS, url)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(loss="mse")
    x = keras.random.uniform((64, 4), seed=1)

    class UntilThePageHasIt(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            eventually(lambda: page.evaluate("window.losses.at(-1)?.length") == epoch + 1)

    callback = KerasCallback("digits", backend_root=url, base_log_dir=str(tmp_path), run_params={"width": 2})
    history = model.fit(
        x, x[:, :2], epochs=12, validation_split=0.25, verbose=0, callbacks=[callback, UntilThePageHasIt()]
    )

    eventually(lambda: page.evaluate("window.statuses.at(-1)") == "success")
    losses: list[list[float]] = page.evaluate("window.losses")
    assert losses[-1] == pytest.approx(history.history["loss"], rel=1e-6)
    for earlier, later in pairwise(losses):
        assert later[: len(earlier)] == earlier, "an event took back or changed an epoch"
        assert len(later) <= len(earlier) + 1, "an event brought an epoch twice"

    page.get_by_text("epoch 12 of 12").wait_for()
    page.get_by_text("finished").wait_for()
    page.locator(".live-params").get_by_text("width").wait_for()
    eventually(lambda: page.evaluate("window.longestLine") == 12)
    page.get_by_role("cell", name="digits-1").wait_for()


def test_all_running_runs_are_on_show_and_a_finished_one_leaves(dashboard: tuple[Page, str], tmp_path: Path) -> None:
    page, url = dashboard
    cards = page.locator(".live-run")
    with writer(url, tmp_path) as first:
        first.create_run()
        first.train_begin(3)
        first.save_epoch(1, {"loss": 1.0})
        page.locator(".live-epoch", has_text="digits-1").wait_for()

        with writer(url, tmp_path) as second:
            second.create_run()
            second.train_begin(3)
            second.save_epoch(1, {"loss": 0.5})
            eventually(lambda: cards.count() == 2)

        eventually(lambda: cards.count() == 1)
        assert "digits-1" in cards.inner_text()


def test_ticking_a_run_in_the_history_does_not_touch_the_live_plots(
    dashboard: tuple[Page, str], tmp_path: Path
) -> None:
    page, url = dashboard
    with writer(url, tmp_path) as running:
        running.create_run()
        running.train_begin(9)
        running.save_epoch(1, {"loss": 1.0})
        page.get_by_role("row", name="digits-1").get_by_role("checkbox").check()

        for epoch in range(2, 10):
            running.save_epoch(epoch, {"loss": 1 / epoch})

    page.get_by_text("epoch 9 of 9").wait_for()
    eventually(lambda: page.evaluate("window.longestLine") >= 9)


def test_a_removed_run_leaves_the_page(dashboard: tuple[Page, str], tmp_path: Path) -> None:
    from marcelle_rt import DataStore

    page, url = dashboard
    with writer(url, tmp_path) as run:
        run.create_run()
        run.train_begin(1)
        run.save_epoch(1, {"loss": 1.0})
    page.get_by_text("finished").wait_for()

    with DataStore(url) as store:
        store.service("runs").remove(None)

    page.get_by_text("No run yet").wait_for()


def test_runs_from_before_are_there_when_the_page_opens(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend()
    with writer(backend.url, tmp_path) as run:
        run.create_run(run_params={"rate": 0.25})
        run.train_begin(2)
        run.save_epoch(1, {"loss": 1.0})
        run.save_epoch(2, {"loss": 0.5})

    with demo_site(backend.url) as site:
        page.goto(site.url)

        page.get_by_text("epoch 2 of 2").wait_for()
        page.locator(".live-params").get_by_text("0.25").wait_for()


def test_names_from_outside_are_shown_as_text(dashboard: tuple[Page, str], tmp_path: Path) -> None:
    page, url = dashboard
    with writer(url, tmp_path) as run:
        run.create_run(run_params={"<img src=x onerror=hacked=1>": "<b>bold</b>"})
        run.train_begin(1)
        run.save_epoch(1, {"loss": 1.0})

    page.locator(".live-params").get_by_text("<b>bold</b>").wait_for()
    assert page.locator(".live-params img").count() == 0

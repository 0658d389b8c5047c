"""The demo's page in a real browser: the dashboard, fed by a real training."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import KerasCallback
from marcelle_rt.backend import Backend
from marcelle_rt.demo.run import demo_site
from tests.helpers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Keeps what every event on a run says of its losses.
RECORD_EVENTS = """
async (backend) => {
  const { dataStore } = await import('@marcellejs/core');
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


def test_a_keras_training_reaches_the_page_epoch_by_epoch(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    keras = pytest.importorskip("keras")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    url = own_backend().url
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(loss="mse")
    x = keras.random.uniform((64, 4), seed=1)

    class UntilThePageHasIt(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            eventually(lambda: page.evaluate("window.losses.at(-1)?.length") == epoch + 1)
            page.get_by_role("cell", name=f"{epoch + 1} of 6").wait_for()

    with demo_site(url) as site:
        page.goto(site.url)
        page.get_by_text("No run yet").wait_for()
        page.evaluate(RECORD_EVENTS, url)
        callback = KerasCallback("digits", backend_root=url, base_log_dir=str(tmp_path), run_params={"width": 2})
        history = model.fit(
            x, x[:, :2], epochs=6, validation_split=0.25, verbose=0, callbacks=[callback, UntilThePageHasIt()]
        )

        eventually(lambda: page.evaluate("window.statuses.at(-1)") == "success")
        losses: list[list[float]] = page.evaluate("window.losses")
        assert losses[-1] == pytest.approx(history.history["loss"], rel=1e-6)
        for earlier, later in pairwise(losses):
            assert later[: len(earlier)] == earlier, "an event took back or changed an epoch"
            assert len(later) <= len(earlier) + 1, "an event brought an epoch twice"
        page.get_by_role("row", name="digits-1").get_by_text("finished").wait_for()
        assert page.locator(".rt-chart figcaption").all_inner_texts()[0] == "loss"
        page.get_by_text("Draw a digit").wait_for()
        page.close()
    assert errors == []

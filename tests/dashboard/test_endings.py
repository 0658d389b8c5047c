"""How the page tells of runs that ended early, of their summaries, and of epochs with numbers of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.helpers import eventually

from .conftest import Train
from .test_curves import chart, told

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_run_that_was_pruned_says_so_and_why_and_shows_its_summary(
    open_page: Callable[..., Page], train: Train
) -> None:
    run = train(epochs=2)
    page = open_page()
    row = page.get_by_role("row", name="digits-1")
    eventually(lambda: "training" in row.inner_text())

    run.update_summary({"test_accuracy": 0.875, "<b>odd</b>": 3.0})
    run.end("pruned", "worse than <i>half</i> of the others")
    eventually(lambda: "pruned" in row.inner_text())
    assert row.locator(".rt-state").get_attribute("title") == "worse than <i>half</i> of the others"

    page.get_by_role("link", name="digits-1", exact=True).click()
    page.get_by_text("worse than <i>half</i> of the others").wait_for()
    assert page.locator(".rt-run-name + .rt-state").inner_text() == "pruned"
    whole = page.get_by_role("table").filter(has_text="Of the whole run")
    eventually(lambda: "0.875" in whole.inner_text())
    assert "<b>odd</b>" in whole.inner_text()


def test_epochs_are_drawn_at_their_own_numbers_in_any_order(open_page: Callable[..., Page], train: Train) -> None:
    run = train()
    for epoch in (10, 20, 30, 5):
        run.save_epoch(epoch, {"loss": 100.0 + epoch})
    run.flush(10)
    page = open_page()
    chart(page, "loss").locator("canvas").wait_for()

    assert "epoch 30" in told(page, "loss", 0.99)
    assert "130" in told(page, "loss", 0.99)
    assert "epoch 5" in told(page, "loss", 0.01)
    assert "epoch 20" in told(page, "loss", 0.6)

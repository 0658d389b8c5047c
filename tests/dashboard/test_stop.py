"""A training is stopped from its run's page, and what came of it is said there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from marcelle_rt import DataStore, Writer
from tests.helpers import eventually

from .conftest import Train
from .test_run_page import document, open_run

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_training_that_listens_is_stopped_in_peace_and_one_that_does_not_has_no_button(
    open_page: Callable[..., Page], address: str, store: DataStore, train: Train, tmp_path: Path
) -> None:
    train("deaf", epochs=1)
    page = open_page()
    open_run(page, "deaf-1")
    page.locator(".rt-chart canvas").wait_for()
    assert not page.get_by_role("button", name="Stop this training").is_visible()
    page.go_back()

    with Writer("digits", address, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(1000)
        writer.commands()
        writer.save_epoch(1, {"loss": 1.0})
        open_run(page, "digits-1")
        page.get_by_role("button", name="Stop this training").click()
        page.get_by_text("it ends after the batch or epoch that it is in").wait_for()

        def is_asked() -> bool:
            writer.commands()
            return writer.stopped

        eventually(is_asked)
        writer.end("stopped", "asked from the dashboard")
    page.get_by_role("status").get_by_text("stop").wait_for()
    page.get_by_role("button", name="Stop this training").wait_for(state="hidden")
    assert document(store)["status"] == "success"
    eventually(lambda: store.service("run-commands").count() == 0)

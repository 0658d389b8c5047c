"""The table of all runs: what it shows, how it is sorted, filtered, paged and ticked, while runs train."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from marcelle_rt import DataStore
from tests.helpers import eventually

from .conftest import Train
from .test_curves import chart

if TYPE_CHECKING:
    from playwright.sync_api import Page


def names(page: Page) -> list[str]:
    return page.locator(".rt-table tbody .rt-name a").all_inner_texts()


def cells(page: Page, run: str) -> list[str]:
    """What the row of a run says, without the column of ticks."""
    return page.get_by_role("row", name=run).locator("td").all_inner_texts()[1:]


def test_a_run_that_begins_while_the_page_is_open_appears_its_row_follows_and_leaves_when_it_is_removed(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    page = open_page()
    page.get_by_text("No run yet").wait_for()

    run = train(epochs=2, loss=1.0)
    eventually(lambda: "2 of 10" in cells(page, "digits-1"))
    run.save_epoch(3, {"loss": 0.25})

    eventually(lambda: "3 of 10" in cells(page, "digits-1") and "0.25" in cells(page, "digits-1"))
    page.locator("[data-state=training]").wait_for()
    run.close()
    page.locator("[data-state=failed]").wait_for()

    store.service("runs").remove(None)
    page.get_by_text("No run yet").wait_for()


def test_runs_from_before_have_their_best_values_parameters_and_duration(
    open_page: Callable[..., Page], train: Train
) -> None:
    train(epochs=4, planned=4, params={"lr": 1e-3, "layers": [32, 16]}, loss=2.0, accuracy=0.5).close()
    train(epochs=4, planned=4, params={"lr": 120.0, "layers": [64]}, loss=4.0, accuracy=0.9).close()

    page = open_page()

    eventually(lambda: "0.5" in cells(page, "digits-1"))
    row = cells(page, "digits-1")
    assert "4 of 4" in row
    assert "0.001" in row
    assert "32, 16" in row
    assert "120" in cells(page, "digits-2")
    assert "0.9" in cells(page, "digits-2"), "the best accuracy is the greatest"
    on_the_right = page.locator("th.rt-number").all_inner_texts()
    assert on_the_right[-2:] == ["best accuracy", "lr"]  # numbers, and not lists
    assert page.locator("tbody tr").first.locator("td.rt-number").count() == len(on_the_right)

    train(epochs=1, planned=1, params={"lr": "auto"}).close()
    eventually(lambda: "auto" in cells(page, "digits-3"))
    assert "lr" not in page.locator("th.rt-number").all_inner_texts()
    assert page.locator("tbody tr").last.locator("td.rt-number").count() == len(on_the_right) - 1


def test_a_column_sorts_both_ways_with_runs_without_a_value_last_and_arrow_keys_go_from_row_to_row(
    open_page: Callable[..., Page], train: Train
) -> None:
    for start in (3.0, 1.0, 2.0):
        train(epochs=1, planned=1, loss=start).close()
    train(epochs=1, planned=1, other=9.0).close()
    page = open_page()
    eventually(lambda: "3" in cells(page, "digits-1"))

    page.get_by_role("button", name="best loss").click()
    assert names(page) == ["digits-2", "digits-3", "digits-1", "digits-4"]
    page.get_by_role("button", name="best loss").click()
    assert names(page) == ["digits-1", "digits-3", "digits-2", "digits-4"]

    page.get_by_role("row", name="digits-3").get_by_role("checkbox").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.get_by_role("row", name="digits-2").get_by_role("checkbox").is_checked()


def test_the_filter_takes_words_status_tags_parameters_and_metrics_and_says_what_it_cannot_read(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    train("conv", epochs=2, planned=2, params={"lr": 0.1}, loss=4.0).close()
    train("dense", epochs=2, planned=3, params={"lr": 0.01}, loss=2.0).close()
    run = next(store.service("runs").items({"name": "conv-1"}))
    store.service("runs").patch(run["_id"], {"tags": ["baseline"]})
    page = open_page()
    eventually(lambda: "2" in cells(page, "conv-1") and "baseline" in cells(page, "conv-1"))
    page.keyboard.press("/")
    page.keyboard.type("conv")
    eventually(lambda: names(page) == ["conv-1"])
    field = page.get_by_role("searchbox", name="filter runs")
    wrong = page.locator(".rt-wrong")

    for typed, found, said in (
        ("status:failed", ["dense-1"], ""),
        ("lr=0.1", ["conv-1"], ""),
        ("lr < 0.05", ["dense-1"], ""),
        ("loss<=1", ["dense-1"], ""),
        ("tag:base", ["conv-1"], ""),
        ("conv lr<0.05", [], ""),
        ('"<b>"', [], ""),
        ("conv lr==0.1", ["conv-1"], "lr==0.1 has a sign too many; write lr=0.1."),
        ("rate<0.05", [], "No run has a parameter or a metric named rate."),
        ("", ["dense-1", "conv-1"], ""),
    ):
        field.fill(typed)
        eventually(lambda: (names(page), wrong.inner_text()) == (found, said))  # noqa: B023
        assert page.get_by_text("No run matches").is_visible() == (found == [])
        assert field.get_attribute("aria-invalid") == ("true" if said else "false")


def test_two_thousand_runs_are_paged(open_page: Callable[..., Page], store: DataStore) -> None:
    runs = [
        {"name": f"many-{n}", "start": f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000Z"}
        for n in range(2000)
    ]
    for first in range(0, 2000, 500):
        common = {"status": "success", "epoch": 1, "epochs": 1, "params": {}, "logs": {"loss": [1.0]}}
        store.service("runs").create([{**common, **run} for run in runs[first : first + 500]])

    page = open_page()
    page.get_by_text("2000 runs").wait_for()
    assert names(page) == [f"many-{n}" for n in range(1999, 1989, -1)]
    page.get_by_role("button", name="next page").click()
    assert names(page)[0] == "many-1989"
    page.get_by_role("combobox", name="runs a page").select_option("100")
    assert len(names(page)) == 100


def test_what_is_ticked_stays_ticked_while_others_train(open_page: Callable[..., Page], train: Train) -> None:
    train("old", epochs=3, planned=3).close()
    running = train("new", epochs=1, planned=40)
    page = open_page()
    old = page.get_by_role("row", name="old-1").get_by_role("checkbox")
    new = page.get_by_role("row", name="new-1").get_by_role("checkbox")
    eventually(new.is_checked)

    old.check()
    new.uncheck()
    for epoch in range(2, 41):
        running.save_epoch(epoch, {"loss": 1 / epoch})
    eventually(lambda: "40 of 40" in cells(page, "new-1"))
    train("third", epochs=1)

    page.get_by_role("row", name="third-1").wait_for()
    assert old.is_checked()
    assert not new.is_checked()
    assert not page.get_by_role("row", name="third-1").get_by_role("checkbox").is_checked()
    page.get_by_role("button", name="Follow live").click()
    eventually(page.get_by_role("row", name="third-1").get_by_role("checkbox").is_checked)


def test_names_from_outside_are_text_and_never_html(
    open_page: Callable[..., Page], train: Train, store: DataStore
) -> None:
    evil = "<img src=x onerror=hacked=1>"
    train("evil", epochs=1, planned=1, params={evil: evil, "b": 1}, **{evil: 1.0}).close()
    train("evil", epochs=1, planned=1, params={evil: "other", "b": 2}, **{evil: 1.0}).close()
    for run in store.service("runs").items({"basename": "evil"}):
        store.service("runs").patch(run["_id"], {"name": evil, "tags": [evil], "notes": evil})

    page = open_page()

    page.locator(".rt-name a", has_text=evil).first.wait_for()
    page.locator(".rt-chart figcaption", has_text=evil).wait_for()
    assert page.locator(".rt-card img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_documents_of_other_programs_are_shown_as_far_as_they_go(
    open_page: Callable[..., Page], store: DataStore
) -> None:
    for document in (
        {"name": 7, "logs": "none", "params": [1], "epochs": "many", "start": 12},
        {"logs": {"loss": ["a", None, {"b": 1}, 0.5]}, "tags": "x", "status": None, "params": {"deep": {"er": {}}}},
        {"name": "odd-1", "status": "success", "logs": {"nan": [None, None], "below": [-2.0, -1.0]}},
    ):
        store.service("runs").create(document)

    page = open_page()

    eventually(lambda: len(names(page)) == 3 and page.get_by_role("cell", name="0.5").count() == 1)
    page.get_by_role("button", name="Untick all").click()
    box = page.get_by_role("row", name="odd-1").get_by_role("checkbox")
    eventually(lambda: not box.is_checked())  # the table is drawn a moment later
    box.check()
    page.get_by_label("Log scale").check()
    for metric in ("nan", "below"):
        chart(page, metric).get_by_text("none of its values is above zero, as a log scale needs").wait_for()
    page.get_by_label("Log scale").uncheck()
    chart(page, "nan").get_by_text("none of its values is a number").wait_for()
    chart(page, "below").locator(".rt-key").wait_for(state="hidden")

    # What tells the found runs apart is shown, not what all have.
    assert page.get_by_role("columnheader", name="best loss").count() == 1
    page.get_by_role("searchbox", name="filter runs").fill("odd")
    page.get_by_role("columnheader", name="best below").wait_for()
    page.get_by_role("columnheader", name="best loss").wait_for(state="detached")


def test_the_menu_of_columns_is_seen_whole_also_over_a_table_of_one_row(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    train(epochs=1, loss=1.0, accuracy=0.5).close()
    open_page()
    page.get_by_role("row", name="digits-1").wait_for()

    page.get_by_text("Columns", exact=True).click()

    last = page.locator(".rt-menu-list label").last
    last.locator("input").check(timeout=5000)  # a click that reaches it: nothing cuts it off or lies over it
    assert last.evaluate(
        "(label) => { const { left, bottom } = label.getBoundingClientRect();"
        " return label.contains(document.elementFromPoint(left + 5, bottom - 3)); }"
    )

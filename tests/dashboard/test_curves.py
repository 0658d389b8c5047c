"""The curves of ticked runs, as they are drawn while runs train."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from marcelle_rt import DataStore
from tests.helpers import eventually

from .conftest import Train

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# How many lines of how many points a chart drew when it was last drawn, and how much ink of a color it has.
RECORD_LINES = """
window.lines = [];
const points = new WeakMap();
const { lineTo } = Path2D.prototype;
Path2D.prototype.lineTo = function (...at) {
  points.set(this, (points.get(this) ?? 0) + 1);
  return lineTo.apply(this, at);
};
const { stroke } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.stroke = function (path) {
  if (points.has(path)) window.lines.push([points.get(path), this.getLineDash().length > 0]);
  return path ? stroke.call(this, path) : stroke.call(this);
};
"""

RECORD_DOTS_AND_TICKS = """
window.dots = [];
const { arc } = Path2D.prototype;
Path2D.prototype.arc = function (...at) { window.dots.push(at.slice(0, 2)); return arc.apply(this, at); };
window.ticks = new Set();
const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  window.ticks.add(text);
  return fillText.call(this, text, ...at);
};
"""


def open_recording(open_page: Callable[..., Page], page: Page) -> Page:
    page.add_init_script(RECORD_LINES)
    return open_page()


def chart(page: Page, metric: str) -> Locator:
    return page.locator(".rt-chart").filter(has=page.get_by_text(metric, exact=True))


def told(page: Page, metric: str, x: float) -> str:
    """What a chart says where the pointer is, at a fraction of its width."""
    over = chart(page, metric).locator(".u-over")
    width, height = over.evaluate("(over) => [over.clientWidth, over.clientHeight]")
    over.hover(position={"x": x * width, "y": height / 2})
    return chart(page, metric).locator(".rt-told").inner_text()


def test_each_epoch_of_a_training_reaches_the_curve_which_begins_as_a_dot_and_counts_in_whole_ones(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    page.add_init_script(RECORD_DOTS_AND_TICKS)
    run = train(epochs=1, loss=8.0, val_loss=9.0)
    open_recording(open_page, page)
    chart(page, "loss").locator("canvas").wait_for()
    eventually(lambda: page.evaluate("window.dots.length") > 0)

    for epoch in range(2, 6):
        run.save_epoch(epoch, {"loss": 8.0 / epoch, "val_loss": 9.0 / epoch})
        eventually(lambda: page.evaluate("window.lines.slice(-2)") == [[epoch, False], [epoch, True]])  # noqa: B023

    eventually(lambda: {"1", "2", "3", "4", "5"} <= set(page.evaluate("[...window.ticks]")))
    assert not {"1.5", "2.5"} & set(page.evaluate("[...window.ticks]"))
    at_the_end = told(page, "loss", 0.99)
    assert "1.6" in at_the_end
    assert "1.8" in at_the_end
    assert "epoch 5" in at_the_end
    assert chart(page, "loss").locator(".rt-key").inner_text() == "dashed: val_loss"

    # Without a pointer, and without eyes:
    page.mouse.move(0, 0)
    plot = page.get_by_role("img", name="loss by epoch: loss 1.6 at 5, val_loss 1.8 at 5")
    plot.focus()
    for key, epoch, loss, val_loss in (("End", 5, "1.6", "1.8"), ("ArrowLeft", 4, "2", "2.25"), ("Home", 1, "8", "9")):
        page.keyboard.press(key)
        said = chart(page, "loss").get_by_role("status").inner_text().split("\n")
        assert sorted(said) == sorted([loss, "loss", val_loss, "val_loss", f"epoch {epoch}", f"epoch {epoch}"])
    page.keyboard.press("Tab")
    chart(page, "loss").locator(".rt-told").wait_for(state="hidden")


def test_the_curves_of_ticked_runs_share_a_chart_a_metric(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    for epochs in (3, 5):
        train(epochs=epochs, planned=epochs, loss=1.0, accuracy=0.5).close()
    open_recording(open_page, page)
    page.get_by_role("row", name="digits-1").get_by_role("checkbox").check()

    eventually(lambda: page.locator(".rt-legend button").all_inner_texts() == ["digits-2", "digits-1"])
    eventually(
        lambda: sorted(page.evaluate("window.lines.slice(-4)")) == [[3, False], [3, False], [5, False], [5, False]]
    )
    eventually(lambda: page.locator(".rt-chart figcaption").all_inner_texts() == ["loss", "accuracy"])
    assert "digits-1" in told(page, "loss", 0.3)

    page.locator(".rt-legend button", has_text="digits-2").click()
    eventually(lambda: page.locator(".rt-legend button").all_inner_texts() == ["digits-1"])
    eventually(lambda: not page.get_by_role("row", name="digits-2").get_by_role("checkbox").is_checked())


def test_smoothing_log_scale_and_the_x_axis_can_be_set(
    open_page: Callable[..., Page], page: Page, store: DataStore
) -> None:
    run = {"name": "a-1", "status": "success", "epoch": 4, "epochs": 4, "params": {"steps": 25}}
    times = {"start": "2026-01-01T00:00:00.000Z", "end": "2026-01-01T00:01:40.000Z"}
    made = store.service("runs").create({**run, **times, "logs": {"loss": [4.0, 0.0, None, 2.0]}})
    open_recording(open_page, page)
    chart(page, "loss").locator("canvas").wait_for()
    assert "epoch 4" in told(page, "loss", 0.99)

    page.get_by_role("combobox", name="x axis").select_option("step")
    eventually(lambda: "step 100" in told(page, "loss", 0.99))
    page.get_by_role("combobox", name="x axis").select_option("time")
    eventually(lambda: "seconds 100" in told(page, "loss", 0.99))
    page.get_by_label("Log scale").check()
    eventually(lambda: page.evaluate("window.lines.at(-1)") == [2, False])
    page.get_by_label("Log scale").uncheck()

    page.get_by_role("slider", name="smoothing").fill("0.5")
    # (4 * 0.125 + 0 * 0.25 + 2 * 0.5) / 0.875
    eventually(lambda: "1.7143" in told(page, "loss", 0.99))

    page.get_by_role("combobox", name="x axis").select_option("epoch")
    store.service("runs").patch(made["_id"], {"x": "step"})  # as adapters do where they are asked for steps
    eventually(lambda: "step 4" in told(page, "loss", 0.99))
    page.get_by_role("combobox", name="x axis").select_option("step")
    eventually(lambda: "step 4" in told(page, "loss", 0.99))


def test_of_500_metrics_only_the_charts_in_sight_are_drawn_and_they_can_be_found(
    open_page: Callable[..., Page], page: Page, store: DataStore
) -> None:
    logs = {f"metric-{n}": [float(n), float(n + 1)] for n in range(500)}
    store.service("runs").create(
        {"name": "many-1", "start": "2026-01-01", "status": "success", "epoch": 2, "params": {}, "logs": logs}
    )
    open_page()

    eventually(lambda: page.locator(".rt-chart").count() == 500)
    eventually(lambda: page.locator(".rt-chart canvas").count() > 0)
    assert page.locator(".rt-chart canvas").count() < 60
    page.get_by_role("searchbox", name="find a metric").fill("metric-499")
    eventually(lambda: page.locator(".rt-chart canvas").count() == 1)
    assert "500" in told(page, "metric-499", 0.99)


def test_everything_is_as_it_was_after_a_look_at_the_settings_page_and_what_is_set_also_after_a_reload(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    train(epochs=3, planned=3, params={"steps": 10}).close()
    train(epochs=3, planned=3, params={"steps": 20}).close()
    open_page()
    chart(page, "loss").locator("canvas").wait_for()

    page.evaluate("window.location.hash = 'settings'")
    page.get_by_text("Data Stores").wait_for()
    page.evaluate("window.location.hash = ''")
    chart(page, "loss").locator("canvas").wait_for()
    assert "epoch 3" in told(page, "loss", 0.99)

    page.get_by_role("combobox", name="x axis").select_option("step")
    page.get_by_label("Log scale").check()
    page.get_by_role("slider", name="smoothing").fill("0.25")
    page.get_by_role("columnheader", name="Epoch").get_by_role("button").click()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Took", exact=True).uncheck()

    page.reload()
    chart(page, "loss").locator("canvas").wait_for()

    assert page.get_by_role("combobox", name="x axis").input_value() == "step"
    assert page.get_by_label("Log scale").is_checked()
    assert page.get_by_role("slider", name="smoothing").input_value() == "0.25"
    heads = page.locator(".rt-table thead")
    assert heads.locator("[aria-sort=descending]").inner_text().startswith("Epoch")
    assert "Took" not in heads.inner_text()


def test_a_store_of_the_browser_with_something_else_in_it_does_no_harm(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    train(epochs=3, planned=3).close()
    odd = {"smoothing": '"x"', "axis": "7", "columns": "{}", "size": "1e9", "sort": "{broken", "log": "null"}
    page.add_init_script(f"for (const [n, v] of Object.entries({odd})) localStorage.setItem('marcelle-rt ' + n, v)")
    open_page()

    chart(page, "loss").locator("canvas").wait_for()
    assert page.get_by_role("combobox", name="x axis").input_value() == "epoch"
    assert page.get_by_role("slider", name="smoothing").input_value() == "0"


def test_a_curve_that_was_kept_follows_its_run_and_what_is_set(
    open_page: Callable[..., Page], page: Page, train: Train
) -> None:
    runs = [train(epochs=3, loss=1.0), train(epochs=3, loss=2.0)]
    open_recording(open_page, page)
    eventually(lambda: page.evaluate("window.lines.slice(-2)") == [[3, False], [3, False]])

    runs[0].save_epoch(4, {"loss": 0.2})
    eventually(lambda: page.evaluate("window.lines.slice(-2).map(([n]) => n).sort()") == [3, 4])
    page.get_by_role("slider", name="smoothing").fill("0.5")
    eventually(lambda: all(each in told(page, "loss", 0.99) for each in ("0.32889", "0.95238")))


def test_where_a_metric_has_no_number_its_line_is_broken_and_marked(
    open_page: Callable[..., Page], page: Page, store: DataStore
) -> None:
    page.add_init_script(
        "window.marks = new Set(); const { fill } = CanvasRenderingContext2D.prototype;"
        "CanvasRenderingContext2D.prototype.fill = function (...at) {"
        " window.marks.add(this.fillStyle); return fill.apply(this, at); };"
    )
    lost, fifth = [6.0, 5.0, 4.0, 3.0, None, None, 2.0, None, 1.0, *[None] * 3], [None] * 4
    logs = {"loss": lost, "accuracy": [*fifth, 0.5, *fifth, 0.8, None, None], "f1": [None, None, *range(10)]}
    store.service("runs").create({"name": "a-1", "status": "success", "epoch": 12, "epochs": 12, "logs": logs})
    open_recording(open_page, page)
    chart(page, "f1").locator("canvas").wait_for()

    # The four before the first gap; 2 and 1 stand alone, as dots; what is told every fifth epoch is a line.
    eventually(lambda: sorted(page.evaluate("window.lines.slice(-3)")) == [[2, False], [3, False], [10, False]])
    assert len(page.evaluate("[...window.marks]")) == 1
    assert chart(page, "loss").locator(".rt-key").inner_text() == "▲ no number"
    assert chart(page, "accuracy").locator(".rt-key").is_hidden()
    assert chart(page, "f1").locator(".rt-key").is_hidden()  # it began later
    assert told(page, "loss", 0.01).split() == ["6", "loss", "epoch", "1"]
    assert told(page, "loss", 0.99).split("\n") == ["no number", "loss", "epoch 10 to 12"]  # the axis goes on to there
    assert told(page, "loss", 0.41).split("\n") == ["no number", "loss", "epoch 5 to 6"]
    page.get_by_role("img", name="loss by epoch: loss 1 at 9, no number at 5 to 6, 8, 10 to 12.").wait_for()

    over = chart(page, "loss").locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.45, box["y"] + 50, steps=4)
    page.mouse.up()
    # A closer look is not made wider.
    eventually(lambda: told(page, "loss", 0.99).split("\n") == ["no number", "loss", "epoch 5 to 6"])

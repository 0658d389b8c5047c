"""Parallel coordinates: what is drawn of runs that differ in parameters, also while they train, and what is marked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from marcelle_rt.backend.node import find_node
from marcelle_rt.dashboard.pages import PAGE
from tests.helpers import eventually

from .conftest import Train
from .test_runs_table import names

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Where a value lies on an axis, in pixels of the page.
PLACE = """async ([dim, value]) => {
  const echarts = await import('echarts');
  const place = document.querySelector('.rt-parallel');
  const chart = echarts.getInstanceByDom(place);
  const [x, y] = chart.getModel().getComponent('parallel').coordinateSystem.dataToPoint(value, `dim${dim}`);
  const box = place.getBoundingClientRect();
  return [box.x + x, box.y + y];
}"""


def opened(page: Page) -> Page:
    """The page with the card unfolded and drawn."""
    page.set_viewport_size({"width": 1000, "height": 1400})
    page.get_by_text("Parallel coordinates").click()
    page.locator(".rt-parallel canvas").wait_for()
    return page


def at(page: Page, axis: int, value: float) -> tuple[float, float]:
    x, y = page.evaluate(PLACE, [axis, value])
    return x, y


def told(page: Page, axis: int, value: float) -> str:
    """What is said of the line that crosses an axis there."""
    page.mouse.move(*at(page, axis, value))
    # All that are there now: one that goes meanwhile is not waited for.
    return "".join(page.locator(".rt-parallel-told").all_inner_texts())


def mark(page: Page, axis: int, begin: float, end: float) -> None:
    """Drags along an axis."""
    page.mouse.move(*at(page, axis, begin))
    page.mouse.down()
    page.mouse.move(*at(page, axis, end), steps=4)
    page.mouse.up()


def test_runs_are_lines_that_follow_trainings_and_what_is_marked_is_what_the_table_shows(
    open_page: Callable[..., Page], train: Train
) -> None:
    for lr, name, loss in ((0.0001, "adam", 1.0), (0.01, "<img src=x onerror=hacked=1>", 2.0)):
        train(epochs=1, planned=1, params={"lr": lr, "opt": {"name": name}, "seed": 3}, loss=loss).close()
    running = train(epochs=1, params={"lr": 1.0, "opt": {"name": "sgd"}, "seed": 3}, loss=8.0)
    page = open_page()
    eventually(lambda: len(names(page)) == 3)
    opened(page)

    wanted = "digits-1 lr 0.0001 opt.name adam best loss 1"
    eventually(lambda: told(page, 2, 1.0).split() == wanted.split())
    eventually(lambda: "digits-2" in told(page, 0, 0.01))  # the axis of the rate is logarithmic
    eventually(lambda: "digits-1" in told(page, 1, 1))  # a text has its place among the others
    eventually(lambda: "<img src=x onerror=hacked=1>" in told(page, 1, 0))

    mark(page, 2, 3.0, 0.5)
    eventually(lambda: names(page) == ["digits-2", "digits-1"])
    page.get_by_text("2 of 3 runs are marked").wait_for()
    running.save_epoch(2, {"loss": 1.5})
    eventually(lambda: names(page) == ["digits-3", "digits-2", "digits-1"])
    eventually(lambda: "best loss\t1.5" in told(page, 0, 1.0))
    mark(page, 1, 1.8, 2.2)
    eventually(lambda: names(page) == ["digits-3"])
    running.close()
    train(epochs=1, planned=1, params={"lr": 0.1, "opt": {"name": "Nadam"}}, loss=1.0).close()
    eventually(lambda: "digits-4" in told(page, 0, 0.1))
    assert names(page) == ["digits-3"], "a name is still marked where others came between"

    page.get_by_role("button", name="Show their curves").click()
    eventually(page.get_by_role("row", name="digits-3").get_by_role("checkbox").is_checked)
    page.get_by_role("button", name="Marked below").click()
    eventually(lambda: len(names(page)) == 4)
    assert page.evaluate("window.hacked") is None


def test_where_nothing_can_be_drawn_it_says_what_to_do(open_page: Callable[..., Page], train: Train) -> None:
    page = open_page()
    page.get_by_text("No run yet").wait_for()
    assert not page.get_by_text("Parallel coordinates").is_visible()

    train("one", epochs=1, planned=1, params={"lr": 1}).close()
    page.get_by_text("Parallel coordinates").click()
    page.get_by_text("There is one run here.").wait_for()
    train("two", params={"lr": 1})
    page.get_by_text("These 2 runs do not differ in any parameter.").wait_for()
    train("three", params={"lr": 2})
    page.locator(".rt-parallel canvas").wait_for()
    page.get_by_role("searchbox", name="filter runs").fill("nothing")
    page.get_by_text("Change it above the table.").wait_for()
    page.get_by_role("combobox", name="which runs").select_option("ticked")
    page.get_by_role("searchbox", name="filter runs").fill("t")
    page.get_by_role("button", name="Untick all").click()
    page.get_by_text("No run is ticked.").wait_for()
    for name in ("two-1", "three-1"):
        box = page.get_by_role("row", name=name).get_by_role("checkbox")
        eventually(lambda: not box.is_checked())  # noqa: B023
        box.check()
    page.get_by_text("The lines end in the best value of a metric").wait_for()
    page.locator(".rt-parallel canvas").wait_for()
    page.get_by_text("Axes", exact=True).click()
    page.locator(".rt-parallel").locator("xpath=..").get_by_role("checkbox").uncheck()
    page.get_by_text("Choose some under Axes.").wait_for()


PROGRAM = """
const [, axes, brush, text] = process.argv;
const { axisOf, differing, goodness } = await import(axes);
const { brushedOn, lies, stretchesOn } = await import(brush);
const row = (name, value) => ({ params: { [name]: value }, metrics: { [name]: { best: value } } });
const rows = (name, values) => values.map((value) => row(name, value));
const { kinds, good, brushed, labels } = JSON.parse(text);
const names = axisOf(rows('a', brushed.before), 'param a');
const marked = brushedOn(names, brushed.stretches);
const answers = {
  kinds: kinds.map(([values]) => axisOf(rows('a', values), 'param a'))
    .map(({ kind, names }) => (names[0] ? names : kind)),
  good: good.map(([metric, values]) => goodness(axisOf(rows(metric, values), `metric ${metric}`))),
  lie: brushed.after.filter((value) => lies(marked, row('a', value))),
  stretches: stretchesOn(marked, axisOf(rows('a', brushed.after), 'param a')),
  foreign: axisOf([...rows('constructor', [1, 2]), { params: {}, metrics: null }], 'param constructor').values,
  shown: [...differing(rows('folder', labels)).shown],
  keys: differing(rows('folder', labels)).keys,
};
process.stdout.write(JSON.stringify(answers));
"""


def test_each_parameter_has_the_axis_on_which_its_values_can_be_told_apart() -> None:
    kinds: list[tuple[list[Any], Any]] = [
        ([1, 2, 3], "value"),
        ([0.0001, 0.001, 0.1], "log"),
        ([0.01, 0.3, 0.4, 0.6], "value"),
        ([0, 1e-5, 1e-3, 0.1], ["0", "1e-5", "0.001", "0.1"]),
        ([0, 0], "value"),
        ([-1, 1, None], "value"),
        ([16, "auto", 2, True, "Adam"], ["2", "16", "Adam", "auto", "true"]),
        ([[32, 16], [64]], ["32, 16", "64"]),
    ]
    asked = {
        "kinds": kinds,
        "good": [
            ["loss", [1.0, 3.0, 2.0, None]],
            ["accuracy", [0.5, 1.0]],
            ["loss", [0.001, 0.1, 10.0]],
            ["loss", [2]],
        ],
        "brushed": {"before": ["b", "d"], "stretches": [[0.8, 1.3]], "after": ["a", "b", "c", "d", None]},
        "labels": [f"folder-{n}" for n in range(40)],
    }
    paths = [(PAGE / "parallel" / name).as_uri() for name in ("axes.js", "brush.js")]
    command = [find_node().executable, "--input-type=module", "-e", PROGRAM, *paths, json.dumps(asked)]
    answers = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert answers["kinds"] == [wanted for _, wanted in kinds]
    assert answers["good"] == [[1, 0, 0.5, None], [0, 1], [1, 0.5, 0], [1]]
    assert answers["lie"] == ["d"]
    assert answers["stretches"] == [[2.6, 3.4]]
    assert answers["foreign"] == [1, 2, None], "what every object of JavaScript has is not a parameter"
    assert answers["keys"] == ["param folder"]
    assert answers["shown"] == [], "what is another text in each of many runs is not a parameter to look at"

"""Each adapter's run on the real backend, in a page of stock components: it shows as a run of Keras does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from tests.frameworks.pages.adapters import ADAPTERS, EPOCHS, NAMED

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = """
import {{ createStream, dashboard, dataStore, trainingHistory, trainingPlot }} from './marcelle.js';
const store = dataStore('{url}');
await store.connect();
const history = trainingHistory(store);
const $training = createStream({{ status: 'idle' }}, true);
const plot = trainingPlot({{ $training }});
for (const event of ['created', 'patched']) {{
  store.service('runs').on(event, (run) => $training.set({{ ...run, data: run.logs }}));
}}
const page = dashboard({{ title: 'Runs', author: 'me' }});
page.page('Live').use(plot, history);
page.show();
"""

DRAWN = """
// What each canvas shows since it was last cleared: its texts, and how many of its lines have more than one point.
const shown = new WeakMap();
const of = (canvas) => shown.get(canvas) ?? shown.set(canvas, { texts: [], lines: 0 }).get(canvas);
const lined = new WeakSet();
const wrap = (prototype, name, also) => {
  const stock = prototype[name];
  prototype[name] = function (...given) { also(this, ...given); return stock.apply(this, given); };
};
wrap(Path2D.prototype, 'lineTo', (path) => lined.add(path));
wrap(CanvasRenderingContext2D.prototype, 'clearRect', ({ canvas }) => shown.delete(canvas));
wrap(CanvasRenderingContext2D.prototype, 'fillText', ({ canvas }, text) => of(canvas).texts.push(text));
wrap(CanvasRenderingContext2D.prototype, 'stroke', ({ canvas }, path) => { of(canvas).lines += lined.has(path); });
window.chart = (title, place) => {
  const cards = [...document.querySelectorAll('.card-container')].filter((card) => card.querySelector('canvas'));
  const named = cards.filter((card) => card.querySelector('.card-title').innerText === title);
  return named[place] ? of(named[place].querySelector('canvas')) : { texts: [], lines: 0 };
};
// Whether the live plot's chart of losses has all the epochs so far, and lines through them.
window.isLive = (epochs, lines) => {
  const { texts, lines: drawn } = chart('loss', 0);
  const places = texts.filter((text) => /^\\d+$/.test(text)).length;
  return places === epochs && drawn >= lines;
};
"""


CELLS = "(rows) => rows.map((row) => [...row.cells].slice(1, 9).map((cell) => cell.innerText))"
"""What a history's rows show: name, start, four metrics, epochs and status."""


class Watched(Writer):
    """A Writer whose training waits for the page: each epoch is drawn while the training goes on."""

    def __init__(self, name: str, page: Page, **options: Any) -> None:
        super().__init__(name, **options)
        self._page = page

    def save_epoch(self, epoch: int, *args: Any, **options: Any) -> None:
        super().save_epoch(epoch, *args, **options)
        if epoch > 1:  # one point makes no line
            self._page.wait_for_function("(epochs) => isLive(epochs, 1)", arg=epoch, timeout=20_000)


@pytest.fixture
def rows(
    own_backend: Callable[..., Backend], dashboard_page: Callable[..., str], page: Page, tmp_path: Path
) -> dict[str, list[str]]:
    """What the page's history shows of each run, after all have trained, each watched by its live plot."""
    backend = own_backend()
    page.add_init_script(DRAWN)
    page.goto(dashboard_page(PAGE.format(url=backend.url)))
    page.get_by_text("Select one or several runs").first.wait_for(timeout=20_000)
    for name, train in ADAPTERS.items():
        rename = NAMED if name == "keras" else None
        writer = Watched(name, page, backend_root=backend.url, base_log_dir=tmp_path / "logs", rename=rename)
        train(tmp_path / name, writer)
        page.wait_for_function("([epochs, lines]) => isLive(epochs, lines)", arg=[EPOCHS, 2], timeout=20_000)
    return {name: cells for name, *cells in page.locator("tbody tr").evaluate_all(CELLS)}


def test_history_live_plot_and_graphs_show_the_run_of_each_adapter_as_one_of_keras(
    rows: dict[str, list[str]], page: Page
) -> None:
    assert rows.keys() == {f"{name}-1" for name in ADAPTERS}
    for _, accuracy, accuracy_val, loss, loss_val, epochs, status in rows.values():
        assert (float(epochs), status) == (EPOCHS, "success")
        assert float(loss) > 0 < float(loss_val)
        assert accuracy_val == "metrics not found" or 0 <= float(accuracy_val) <= 1
        assert accuracy == "metrics not found" or 0 <= float(accuracy) <= 1
    page.locator("thead input[type=checkbox]").check()
    page.wait_for_function("(runs) => chart('loss', 1).lines === runs", arg=len(ADAPTERS), timeout=20_000)
    both = {f"{name}-1" for name in ADAPTERS}
    accurate = {f"{name}-1" for name in ("keras", "lightning", "logger")}
    graphs = {"loss": both, "lossVal": both, "accuracy": accurate, "accuracyVal": {*accurate, "huggingface-1"}}
    for title, names in graphs.items():
        # The live plot above has charts for `loss` and `accuracy` too.
        drawn = page.evaluate("([title, place]) => chart(title, place)", [title, int(title in ("loss", "accuracy"))])
        assert drawn["lines"] == len(names)
        assert {f"{title} ({name})" for name in names} <= set(drawn["texts"])
        assert [text for text in drawn["texts"] if text.isdigit()] == ["1", "2", "3"]

"""LiveRuns in a real JupyterLab, in a real browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt.backend import Backend
from tests.helpers import eventually, skip_without
from tests.support.jupyterlab import Notebook, jupyterlab

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("plotly")

SHOW = """
from marcelle_rt import DataStore
from marcelle_rt.monitor import LiveRuns
live = LiveRuns(DataStore({url!r}))
live
"""

TRAIN = """
import time
from marcelle_rt import Writer
with Writer("cells", {url!r}) as writer:
    writer.create_run()
    writer.train_begin(20)
    for epoch in range(1, 21):
        writer.save_epoch(epoch, {{"loss": 1 / epoch}})
        time.sleep(0.3)
"""

OTHER = "print('six times seven is', 6 * 7)"

COUNT = """
import threading
print("following:", sum(thread.name == 'marcelle-monitor' for thread in threading.enumerate()))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """JupyterLab's URL, and the folder of its notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    skip_without("jupyterlab")
    with jupyterlab(folder) as url:
        yield url, folder / "notebooks"


@pytest.fixture
def foreign(page: Page) -> list[str]:
    """The requests of the page to other machines."""
    found: list[str] = []
    page.on("request", lambda request: None if _is_here(request.url) else found.append(request.url))
    return found


def _is_here(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


def longest(notebook: Notebook, cell: int) -> int:
    """How many points the longest curve in a cell has."""
    return max((len(x) for x, _ in notebook.points(cell).values()), default=0)


def test_a_widget_moves_while_a_cell_trains_and_a_saved_notebook_keeps_its_last_state(
    lab: tuple[str, Path], page: Page, foreign: list[str], own_backend: Callable[..., Backend]
) -> None:
    url, folder = lab
    backend = own_backend().url
    cells = [SHOW.format(url=backend), TRAIN.format(url=backend), OTHER, COUNT, "live.close()"]
    notebook = Notebook(page, url, folder / "live.ipynb", cells)
    notebook.wait_for_kernel()
    notebook.run(0)
    notebook.cell(0).locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    notebook.run(1)

    seen = [eventually(lambda: longest(notebook, 0), timeout=30)]
    for _ in range(2):
        seen.append(eventually(lambda: (n := longest(notebook, 0)) > seen[-1] and n, timeout=30))
    assert seen[-1] < 20, "it was not seen to move"
    notebook.run(2)  # waits for its turn, as cells do
    eventually(lambda: longest(notebook, 0) == 20, timeout=60)
    eventually(lambda: "success" in notebook.output(0) and "20/20" in notebook.output(0), timeout=30)
    eventually(lambda: "42" in notebook.output(2), timeout=30)

    points = notebook.points(0)
    (loss,) = [curve for name, curve in points.items() if name and "cells-1" in name and curve[0]]
    assert loss[0] == list(range(1, 21))
    assert loss[1] == pytest.approx([1 / epoch for epoch in range(1, 21)])

    still = eventually(lambda: _still(notebook.save()), timeout=30, interval=1)
    assert "cells-1" in still
    (picture,) = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", still)
    assert base64.b64decode(picture).startswith(b"<svg")
    assert foreign == []

    notebook.run(0)  # once more: what it showed before is closed
    notebook.cell(0).locator(".js-plotly-plot").first.wait_for(timeout=60_000)
    eventually(lambda: longest(notebook, 0) == 20, timeout=30)
    notebook.run(3)
    eventually(lambda: "following: 1" in notebook.output(3), timeout=30)
    notebook.run(4)  # closes it, and the picture stays
    eventually(lambda: notebook.cell(0).locator("img[alt='curves of runs']").is_visible(), timeout=30)
    notebook.run(3)
    eventually(lambda: "following: 0" in notebook.output(3), timeout=30)


def _still(saved: dict[str, Any]) -> str:
    """What a saved notebook shows of the first cell without a kernel, once that has the run's end."""
    outputs = saved["cells"][0]["outputs"]
    text = "".join(str("".join(o["data"].get("text/html", ""))) for o in outputs if "data" in o)
    return text if "svg" in text and "success" in text else ""

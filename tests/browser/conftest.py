"""Pages as an author would write them, with marcelle-python.js beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.browser.files import browser_files
from marcelle_rt.dashboard.site import Site
from tests.browser.scripted_server import ScriptedServer
from tests.support.services import empty

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., None]

PAGE = """<!doctype html>
<html>
  <head>
    <meta charset="utf-8" />
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="marcelle.css" />
    <script type="importmap">{ "imports": { "@marcellejs/core": "./marcelle.js" } }</script>
    <script type="module">SCRIPT</script>
  </head>
  <body></body>
</html>
"""

DASHBOARD = """
import * as marcelle from '@marcellejs/core';
import * as python from './marcelle-python.js';
const store = marcelle.dataStore('BACKEND');
const model = python.pythonModel(store, 'shapes', OPTIONS);
const train = marcelle.button('Train');
train.$click.subscribe(() => model.train('sketches'));
const stop = marcelle.button('Stop');
stop.$click.subscribe(() => model.stop());
const form = marcelle.modelParameters(model, model.form);
model.ready.then(() => form.mount());
window.said = [];
model.$message.subscribe((text) => window.said.push(text));
window.events = [];
model.$training.subscribe(({ status, epoch, epochs, data }) => {
  window.events.push({ status, epoch, epochs, data: data instanceof Error ? data.message : data });
});
const page = marcelle.dashboard({ title: 'Shapes', author: 'an author' });
const [progress, plot] = [marcelle.trainingProgress(model), marcelle.trainingPlot(model)];
page.page('Train', false).use(form, [train, stop], model, progress, plot);
page.show();
Object.assign(window, { marcelle, python, store, model });
"""


class Pages:
    """Serves one page after the other; those that are opened stay as they are.

    Args:
        folder: Where the page lies.
    """

    def __init__(self, folder: Path) -> None:
        self._page = folder / "index.html"
        self._site = Site({**browser_files(), "index.html": self._page})
        self.close = self._site.close

    def serve(self, script: str, options: str, backend: str) -> str:
        """Serves the page of a script, and gives its address."""
        script = script.replace("BACKEND", backend).replace("OPTIONS", options)
        self._page.write_text(PAGE.replace("SCRIPT", script), encoding="utf-8")
        return self._site.url


@pytest.fixture(scope="session")
def pages(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Serves the pages of all tests at one address, so that the browser has the libraries already."""
    with closing(Pages(tmp_path_factory.mktemp("pages"))) as running:
        yield running


@pytest.fixture(scope="session")
def backend(node: None) -> Iterator[Backend]:
    """A backend for all tests; each finds it empty."""
    with Backend() as running:
        yield running


@pytest.fixture
def address(backend: Backend) -> str:
    """The URL of that backend, with nothing on it."""
    empty(backend.url)
    return backend.url


@pytest.fixture
def store(address: str) -> Iterator[DataStore]:
    """A data store on that backend."""
    with DataStore(address) as opened:
        yield opened


@pytest.fixture
def server(store: DataStore) -> Iterator[ScriptedServer]:
    """A Python for the task "shapes" whose every word the test says."""
    with ScriptedServer(store) as running:
        yield running


@pytest.fixture
def opened(page: Page, pages: Pages, address: str) -> Iterator[Open]:
    """Opens a dashboard of stock components; what is thrown in it fails the test."""
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))

    def open_page(script: str = DASHBOARD, options: str = "{}", backend: str = address) -> None:
        page.goto(pages.serve(script, options, backend))
        page.wait_for_function("window.model || window.ready")

    yield open_page
    page.goto("about:blank")
    assert thrown == []

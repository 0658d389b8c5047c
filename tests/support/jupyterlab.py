"""A JupyterLab server of its own, and a notebook in it in a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.helpers import eventually, free_port
from tests.support.lean import environment_without

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]

_UNUSED = (
    "celltags completer console debugger documentsearch extensionmanager fileeditor help inspector launcher logconsole "
    "lsp mermaid metadataform pluginmanager running settingeditor statusbar terminal toc tooltip vega5 workspaces"
)
"""Extensions that take no part in running a cell and showing what it puts out: a third of the page's start."""

_PAGE = {
    "buildCheck": False,
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        **{f"@jupyterlab/{name}-extension": True for name in _UNUSED.split()},
    },
}
_SERVER = {"ServerApp": {"jpserver_extensions": {"jupyter_lsp": False, "jupyter_server_terminals": False}}}


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """Runs JupyterLab on this machine alone, with no settings but its own and without Node.js, and gives its URL."""
    (folder / "config" / "labconfig").mkdir(parents=True)
    (folder / "config" / "labconfig" / "page_config.json").write_text(json.dumps(_PAGE))
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(_SERVER))
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    port = free_port()
    places = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    }
    # Jupyter's schemas have no IRIs, whose syntax takes a second to import.
    lean = environment_without("rfc3987_syntax")
    env = {
        **lean,
        **places,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": os.pathsep.join([lean["PYTHONPATH"], str(ROOT)]),
        "PATH": str(folder),  # with Node.js, JupyterLab would ask yarn how to build itself
    }
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": str(notebooks),
        "ServerApp.disable_check_xsrf": True,
        "IdentityProvider.token": "",
        "LabApp.extension_manager": "readonly",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=notebooks)
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: _answers(f"{url}/api/status", server, folder / "lab.log"), timeout=60, interval=0.2)
            yield url
        finally:
            server.terminate()
            server.wait(20)


def _answers(url: str, server: subprocess.Popen[bytes], log: Path) -> bool:
    assert server.poll() is None, log.read_text()
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Notebook:
    """A notebook that is open in a page.

    Args:
        page: The page.
        url: JupyterLab's.
        path: The notebook's file, which is written first where there is none.
        cells: The code of its cells.
    """

    def __init__(self, page: Page, url: str, path: Path, cells: list[str]) -> None:
        self.page = page
        self.path = path
        path.write_text(json.dumps(_notebook(cells)))
        self._url = f"{url}/lab/tree/{path.name}?reset"
        self.open()

    def open(self) -> None:
        """Opens it anew."""
        self.page.goto(self._url)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)

    def wait_for_kernel(self) -> None:
        """Waits until its kernel has nothing to do."""
        self.page.wait_for_selector(".jp-NotebookPanel-toolbar [data-status='idle']", timeout=60_000)

    def cell(self, number: int) -> Locator:
        """A code cell."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run(self, number: int) -> None:
        """Runs a cell, and does not wait for its end."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _ in range(10):
            # A page that is still being made may take the focus away, or drop what was to run.
            self.cell(number).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(1000)
            if prompt.inner_text() not in (before, "[ ]:"):
                return
        raise AssertionError(f"cell {number} does not run")

    def output(self, number: int) -> str:
        """The text that a cell has put out."""
        return self.cell(number).locator(".jp-OutputArea").inner_text()

    def points(self, number: int) -> dict[str, list[list[float]]]:
        """What plotly shows in a cell: each curve's x and y by its name."""
        script = """cell => Object.fromEntries([...cell.querySelectorAll('.js-plotly-plot')].flatMap(plot =>
            plot.data.map(one => [one.name, [Array.from(one.x ?? []), Array.from(one.y ?? [])]])))"""
        found: dict[str, list[list[float]]] = self.cell(number).evaluate(script)
        return found

    def save(self) -> dict[str, Any]:
        """Saves it, and gives what is in the file."""
        before = self.path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        eventually(lambda: self.path.stat().st_mtime_ns != before)
        return eventually(lambda: _whole(self.path))


def _whole(path: Path) -> dict[str, Any]:
    """What is in a notebook's file; nothing while it is being written."""
    try:
        saved: dict[str, Any] = json.loads(path.read_text())
    except ValueError:
        return {}
    return saved


def _notebook(cells: list[str]) -> dict[str, Any]:
    return {
        "cells": [
            {"cell_type": "code", "execution_count": None, "id": f"c{n}", "metadata": {}, "outputs": [], "source": code}
            for n, code in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }

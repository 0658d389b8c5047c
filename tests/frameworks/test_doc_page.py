"""The page about models of other frameworks in the browser: its programs run, the page's own with a real runtime."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from tests.helpers import dashboard_html
from tests.support.docs.doc_pages import DOCS, NEEDS_FRAMEWORKS, ROOT, blocks
from tests.support.docs.doc_session import session
from tests.support.models.onnx_page import runtime_files

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = DOCS / "in-the-browser.md"

_RUNTIME = "ort.env.wasm.wasmPaths = new URL('./', document.baseURI).href; ort.env.wasm.numThreads = 1;"
_HEAD = f'<script src="ort.wasm.min.js"></script><script>{_RUNTIME}</script>'


def test_its_programs_run_one_after_the_other(own_backend: Callable[..., Backend], page: Page, tmp_path: Path) -> None:
    assert NEEDS_FRAMEWORKS in PAGE.read_text(encoding="utf-8")
    backend = own_backend().url
    folder = tmp_path / "reader"
    folder.mkdir()
    env = {**os.environ, "MARCELLE_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    thrown: list[Any] = []
    page.on("pageerror", lambda error: thrown.append(error))
    answers = []
    with session(folder, env) as reader:
        for block in blocks(PAGE):
            if block.language == "python":
                reader.run(f"{PAGE.name}:{block.line}", block.text)
            elif block.language == "js" and not block.reason:
                text = block.text.replace("'@marcellejs/core'", "'./marcelle.js'")
                text = text.replace("http://localhost:3030", backend)
                told = "if (typeof label !== 'undefined') window.answer = { label, confidences };"
                script = f"{text}\n{told}\nwindow.done = true;"
                with Site({**runtime_files("newest"), "index.html": dashboard_html(script, _HEAD)}) as site:
                    page.goto(site.url)
                    page.wait_for_function("window.done || false", timeout=60_000)
                    answers.append(page.evaluate("window.answer ?? null"))
    assert not thrown, thrown
    assert [answer and answer["label"] for answer in answers] == [None, "setosa"]

"""The page about dashboards with a Python model works as it is written: its files, commands and promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from marcelle_rt.backend import Backend
from tests.helpers import eventually
from tests.support.docs.doc_pages import DOCS, ROOT, blocks

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("keras")

PAGE = DOCS / "python-model.md"


def block(language: str, beginning: str) -> str:
    """The one block of a language that has this in it."""
    (text,) = [found.text for found in blocks(PAGE) if found.language == language and beginning in found.text]
    return text


class Quiet(SimpleHTTPRequestHandler):
    """What `python -m http.server` serves with, without its log."""

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's address in a browser."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Runs a command of the page until it is left."""
    words = [sys.executable, "-m", *command.replace("marcelle-rt", "marcelle_rt").split()]
    process = subprocess.Popen(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def draw(page: Page, *places: tuple[int, int]) -> None:
    pad = page.locator("canvas.sketchpad-container")
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + places[0][0], box["y"] + places[0][1])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


def test_a_reader_gets_from_an_empty_folder_to_a_model_that_says_what_is_drawn(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    url = own_backend().url
    environment = {**os.environ, "MARCELLE_BACKEND": url, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    (tmp_path / "shapes.py").write_text(block("python", "@server.task"))
    write, serve = block("sh", "marcelle-rt js page").splitlines()[0], block("sh", "marcelle-rt serve").splitlines()[1]
    words = write.replace("marcelle-rt", "marcelle_rt").split()
    subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, env=environment, check=True, capture_output=True)
    (tmp_path / "page" / "index.html").write_text(block("html", "importmap"))
    main = block("js", "pythonModel(store")
    assert "http://localhost:3030" in main
    (tmp_path / "page" / "main.js").write_text(main.replace("http://localhost:3030", url))
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))

    with served(tmp_path / "page") as address, running(serve, tmp_path, environment):
        page.goto(address)
        page.get_by_role("status").get_by_text("Python is listening.").wait_for(timeout=90_000)
        page.get_by_role("spinbutton").first.wait_for()
        assert page.get_by_role("button", name="Record").is_disabled()  # a drawing needs a class
        for name, places in (("line", [(40, 150), (260, 150)]), ("corner", [(60, 60), (60, 240), (240, 240)])):
            page.locator("input[type=text]").fill(name)
            for _ in range(3):
                page.get_by_role("button", name="Clear").click()
                draw(page, *places)
                page.get_by_role("button", name="Record").click()
        page.get_by_text("This dataset contains 6 instances.").wait_for()
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_role("status").get_by_text("The training is done.").wait_for(timeout=180_000)
        said = re.compile(r"What the model says\s+(line|corner)", re.IGNORECASE)  # six drawings are few
        eventually(lambda: said.search(page.locator("body").inner_text()), 30)  # of the drawing that is on the pad
        page.goto("about:blank")
    assert thrown == []


def test_the_table_names_what_a_python_model_has() -> None:
    types = (ROOT / "marcelle_rt" / "browser" / "marcelle-python.d.ts").read_text(encoding="utf-8")
    model = types.split("interface PythonModel extends")[1].split("\n}")[0]
    table = PAGE.read_text(encoding="utf-8").split("| | |")[1].split("\n\n")[0]
    first = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))

    named = set(re.findall(r"`(\$?\w+)", first))
    typed = set(re.findall(r"^  (\$?\w+)[(:]", model, flags=re.MULTILINE)) - {"serviceName"}
    assert named == typed

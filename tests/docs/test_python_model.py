"""The page about dashboards with a Python model works as it is written: its files, commands and promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from marcelle_rt.backend import Backend
from tests.helpers import eventually
from tests.support.docs.doc_pages import DOCS, ROOT
from tests.support.docs.reader import block, environment, running, served, write_python_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest.importorskip("keras")

PAGE = DOCS / "python-model.md"


def draw(page: Page, *places: tuple[int, int]) -> None:
    pad = page.locator("canvas.sketchpad-container")
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + places[0][0], box["y"] + places[0][1])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()


def test_a_reader_gets_from_an_empty_folder_to_a_model_that_says_what_is_drawn(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    url = own_backend().url
    (tmp_path / "shapes.py").write_text(block(PAGE, "python", "@server.task"))
    serve = block(PAGE, "sh", "marcelle-rt serve").splitlines()[1]
    write_python_page(tmp_path, url, PAGE)
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))

    with served(tmp_path / "page") as address, running(serve, tmp_path, environment(url)):
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

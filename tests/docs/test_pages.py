"""Every block of code in the documentation runs, page by page, as a reader would run it."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from marcelle_rt.backend import Backend
from marcelle_rt.cli import app
from tests.support.docs.doc_pages import NEEDS_FRAMEWORKS, PAGES, ROOT, Block, blocks
from tests.support.docs.doc_session import session
from tests.support.services import empty

if TYPE_CHECKING:
    from playwright.sync_api import Page

RUN = [
    page
    for page in PAGES
    if any(block.language in ("python", "js") and not block.reason for block in blocks(page))
    and NEEDS_FRAMEWORKS not in page.read_text(encoding="utf-8")
]
WITH_KERAS = {path.name for path in RUN if "import keras\n" in path.read_text(encoding="utf-8")}
"""The pages whose programs find Keras imported. The README's are started by Python alone; see test_docs.py."""
COMMANDS = [
    (page, line)
    for page in [*PAGES, ROOT / "README.md"]
    for block in blocks(page)
    if block.language == "sh"
    for line in block.text.splitlines()
    if line.startswith("marcelle-rt ")
]


def test_pages_name_the_versions_of_python_that_the_package_says() -> None:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    minors = [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", settings["metadata"]["classifiers"])]
    assert settings["options"]["python_requires"] == f">=3.{min(minors)}"
    below = re.search(r'tensorflowjs.*python_version < "3\.(\d+)"', settings["options.extras_require"]["tensorflowjs"])
    assert below is not None
    newest = {False: max(minors), True: int(below[1]) - 1}  # of that extra there are other versions

    found = [
        (page.name, "tensorflowjs" in line, (int(first), int(last)))
        for page in [*PAGES, ROOT / "README.md"]
        for line in page.read_text(encoding="utf-8").splitlines()
        for first, last in re.findall(r"Python 3\.(\d+) to 3\.(\d+)", line)
    ]
    assert {name for name, *_ in found} >= {"README.md", "first-ten-minutes.md", "models.md"}
    assert [one for one in found if one[2] != (min(minors), newest[one[1]])] == []


@pytest.fixture(scope="module")
def readers_backend(node: None) -> Iterator[Backend]:
    """A backend that only the pages' programs write to, one page after the other."""
    with Backend() as running:
        yield running


def run_in_a_page(block: Block, page: Page, serve: Callable[..., str], backend: str) -> None:
    """Runs a module in a real page, with Marcelle's real components; what it throws fails the test."""
    text = block.text.replace("'@marcellejs/core'", "'./marcelle.js'").replace("http://localhost:3030", backend)
    thrown: list[Any] = []
    page.on("pageerror", lambda error: thrown.append(error))
    page.goto(serve(f"{text}\nwindow.done = true;"))
    page.wait_for_function("window.done || false", timeout=20_000)
    assert not thrown, thrown


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_the_programs_of_a_page_run_one_after_the_other(
    path: Path,
    readers_backend: Backend,
    dashboard_page: Callable[..., str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    empty(readers_backend.url)
    folder = tmp_path / "reader"
    folder.mkdir()
    todo = [block for block in blocks(path) if block.language in ("python", "js") and not block.reason]
    ours = {"MARCELLE_BACKEND": readers_backend.url, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with session(folder, {**os.environ, **ours}, "keras" if path.name in WITH_KERAS else None) as reader:
        for block in todo:
            if block.language == "python":
                reader.run(f"{path.name}:{block.line}", block.text)
            else:
                run_in_a_page(block, request.getfixturevalue("page"), dashboard_page, readers_backend.url)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_block_that_is_not_run_is_python_all_the_same(path: Path) -> None:
    for block in blocks(path):
        assert block.language in ("python", "py", "js", "html", "json", "sh", "nginx", "text"), (path.name, block.line)
        if block.language == "python" and block.reason:
            compile(block.text, f"{path.name}:{block.line}", "exec")
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize(("path", "line"), COMMANDS, ids=[f"{path.stem}: {line}" for path, line in COMMANDS])
def test_a_command_on_a_page_is_one_that_there_is(path: Path, line: str) -> None:
    words = shlex.split(line.split(" && ")[0], comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    command.make_context("marcelle-rt", words)  # raises for what it does not take


def test_there_are_pages_with_programs() -> None:
    assert {"first-ten-minutes.md", "keras.md", "loops.md", "services.md"} <= {path.name for path in RUN}
    assert re.search("marcelle-rt demo", " ".join(line for _, line in COMMANDS))

"""One name that means no good, shown by every command, table, page, notebook and file."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import uuid
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from marcelle_rt.demo.run import demo_site
from marcelle_rt.monitor import LiveRuns
from marcelle_rt.monitor.board import Board
from marcelle_rt.monitor.follow import Follower
from marcelle_rt.monitor.terminal.table import table
from marcelle_rt.notices import MarcelleWarning, Notices
from tests.helpers import eventually
from tests.support.command import at_a_terminal, marcelle_rt

if TYPE_CHECKING:
    from playwright.sync_api import Page

NASTY = (
    "=cmd|' /C calc'!A1 [/all][bold]b[/bold]\\ <img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
    "&lt;i&gt; $\\href{javascript:1}{x}$ \x1b]0;PWNED\x1b\\\x1b[2J\x9b2J\x07\x08\r\n\u202etxt"
)
STEERS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # control characters, directions
    "|\x1b(?!\\[[0-9;?]*[a-zA-Z])"  # of what begins so, the command's own colors and moves of the cursor are left
    "|\x1b\\[2J"
)


def is_harmless(shown: str) -> bool:
    return "cmd" in shown and not STEERS.search(shown)


@pytest.fixture(scope="module")
def shared(node: None) -> Iterator[DataStore]:
    """A backend for this file's tests."""
    with Backend() as backend, DataStore(backend.url) as store:
        yield store


@pytest.fixture
def url(shared: DataStore) -> str:
    """A backend where all that others can choose is that name."""
    for service in map(shared.service, ("runs", "run-alerts", "run-system", "run-heartbeats")):
        for document in list(service.items()):
            service.remove(document["_id"])
    for number in (1, 2):
        identity = f"a{number}"
        entry = {"name": NASTY, "filename": NASTY, "id": NASTY, "_id": NASTY, "service": NASTY, "epoch": NASTY}
        shared.service("runs").create(
            {
                "_id": identity,
                "name": f"{NASTY}-{number}",
                "basename": NASTY,
                "source": NASTY,
                "start": "2026-01-01T00:00:00.000Z",
                "status": "error",
                "error": NASTY,
                "epoch": 2,
                "epochs": 2,
                "params": {NASTY.replace(".", ""): NASTY + str(number)},
                "model": {"name": NASTY, "loss": NASTY, "param_count": 3},
                "logs": {NASTY.replace(".", ""): [0.5, 0.25 * number]},
                "checkpoints": [entry],
                "assets": [entry],
            }
        )
        alert = {"runId": identity, "run": NASTY, "title": NASTY, "text": NASTY, "level": NASTY}
        shared.service("run-alerts").create(
            {**alert, "_id": str(uuid.uuid4()), "epoch": 1, "time": "2026-01-01T00:00:00.000Z"}
        )
        shared.service("run-system").create(
            {"_id": str(uuid.uuid4()), "runId": identity, "time": NASTY, "gpus": [{"name": NASTY}], "cpu": 3}
        )
    return shared.location


COMMANDS = [
    ("runs",),
    ("runs", "show", "a1"),
    ("runs", "show", "a"),
    ("runs", "compare", "a1", "a2"),
    ("runs", "repair"),
    ("export", "a1"),
    ("watch",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("columns", [0, 50, 200])
def test_no_command_hands_it_to_the_terminal(url: str, command: tuple[str, ...], columns: int) -> None:
    words = command if command != ("watch",) else ("watch", "status=error")
    if command == ("runs", "repair"):
        with DataStore(url) as store:
            for identity in ("a1", "a2"):
                store.service("runs").patch(identity, {"status": "epoch"})
                # An HTTP server tells its time in whole seconds, so that a sign of just now may seem to lie ahead.
                store.service("run-heartbeats").create({"_id": identity, "runId": identity, "interval": -1})
    if columns:
        code, shown = at_a_terminal(*words, columns=columns, MARCELLE_BACKEND=url)
    else:
        done = marcelle_rt(*words, MARCELLE_BACKEND=url)
        code, shown = done.returncode, done.stdout + done.stderr

    assert code in (0, 1)
    assert is_harmless(shown)
    assert "Traceback" not in shown


def test_removing_and_exporting_and_json_keep_it_harmless_too(url: str, tmp_path: Path) -> None:
    show = marcelle_rt("runs", "show", "a1", "--json", MARCELLE_BACKEND=url)
    assert json.loads(show.stdout)["name"] == f"{NASTY}-1"
    assert show.stdout.isascii()
    assert not STEERS.search(show.stdout)

    target = tmp_path / "export.csv"
    assert marcelle_rt("export", "a1", "a2", "-o", target, MARCELLE_BACKEND=url).returncode == 0
    cells = [cell for row in csv.reader(io.StringIO(target.read_text())) for cell in row]
    assert any("cmd" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@")) or STEERS.search(cell) for cell in cells)

    removed = at_a_terminal("runs", "rm", "a1", columns=120, keys="y\n", MARCELLE_BACKEND=url)
    assert removed[0] == 1  # a checkpoint in a service of that name can't be removed
    assert is_harmless(removed[1])


def test_an_upload_of_a_folder_of_that_name_is_harmless(url: str, tmp_path: Path) -> None:
    folder = tmp_path / NASTY.replace("/", "")
    folder.mkdir()
    (folder / "run_data.json").write_text("{")

    code, shown = at_a_terminal("upload", folder, columns=200, MARCELLE_BACKEND=url)

    assert code == 1
    assert is_harmless(shown)


def test_tables_and_what_is_printed_are_harmless(url: str) -> None:
    with DataStore(url) as store, LiveRuns(store) as live:
        assert is_harmless(repr(live))

        follower = Follower(store, {}, Board())
        follower.start()
        output = io.StringIO()
        Console(file=output, force_terminal=True, width=300).print(table(follower.board, 0.0, 300))
        follower.close()
        assert is_harmless(output.getvalue())


class Tags(HTMLParser):
    """The elements and the text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_notebook_shows_it_as_text(url: str) -> None:
    pytest.importorskip("plotly")
    widgets = pytest.importorskip("ipywidgets")
    from marcelle_rt.monitor.notebook.panel import Panel

    with DataStore(url) as store:
        follower = Follower(store, {}, Board())
        follower.start()
        panel = Panel(follower, "key")
        panel.draw()
        htmls = [part.value for part in panel.box.children if isinstance(part, widgets.HTML)]
        curves = [trace.name for trace in panel.figure.data if trace.visible]
        titles = [panel.figure.layout.xaxis.title.text, panel.figure.layout.yaxis.title.text]
        still = panel.still()
        panel.close()
        follower.close()

    for html in (*htmls, still):
        parsed = Tags(html)
        assert parsed.tags <= {"div", "table", "tr", "th", "td", "span", "style", "img"}
        assert parsed.attributes <= {"style", "title", "class", "alt", "src"}
        assert not STEERS.search(html)
    assert "<script>" in Tags(htmls[0]).text
    picture = base64.b64decode(re.search(r"svg\+xml;base64,([^\"]+)", still)[1]).decode()  # type: ignore[index]
    assert {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()} <= {
        "svg",
        "path",
        "text",
        "circle",
        "polyline",
    }
    assert len(curves) == 2
    for text in (*curves, *titles):  # what plotly reads: a few tags, and TeX between dollar signs
        assert not set("<>$") & set(text)


def test_pages_show_it_as_text(url: str, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for site in (demo_site(url), Site(page_files(url))):
        with site:
            page.goto(site.url)
            eventually(lambda: "onerror=" in page.inner_text("body"))
            page.wait_for_timeout(200)  # for what would run
            assert page.evaluate("window.pwned") is None
            assert page.locator("img[src=x]").count() == 0
    assert errors == []


def test_warnings_of_it_are_harmless() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        Notices().warn("key", f"{NASTY} was not uploaded")

    (warning,) = said
    assert warning.category is MarcelleWarning
    assert is_harmless(str(warning.message).replace("\n", " "))

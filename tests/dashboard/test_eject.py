"""`marcelle-rt dashboard --eject`: the page as a project of somebody's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import BACKEND, install
from marcelle_rt.dashboard import pages
from marcelle_rt.dashboard.eject import eject
from marcelle_rt.dashboard.site import Site
from marcelle_rt.errors import MarcelleError
from tests.helpers import eventually
from tests.support.command import marcelle_rt

from .conftest import Train

if TYPE_CHECKING:
    from playwright.sync_api import Page


OTHERWISE = ("main.js", "run/onnx.js")
"""Scripts of the page that its project has other ones of."""


def manifest(folder: Path) -> Any:
    return json.loads((folder / "package.json").read_text())


def test_the_command_writes_the_page_and_says_how_it_goes_on(tmp_path: Path) -> None:
    done = marcelle_rt("dashboard", "--backend", "http://gpu:3030", "--eject", str(tmp_path / "mine"))

    assert "npm ci" in done.stdout
    assert str(tmp_path / "mine") in done.stdout
    assert '"http://gpu:3030"' in (tmp_path / "mine" / "src" / "settings.js").read_text()
    assert len((tmp_path / "mine" / "README.md").read_text().splitlines()) <= 8
    assert "node_modules/" in (tmp_path / "mine" / ".gitignore").read_text()


def test_it_has_all_of_the_page_and_no_copy_of_marcelle(tmp_path: Path) -> None:
    folder = eject(tmp_path / "mine")

    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    page = {path.relative_to(pages.PAGE).as_posix() for path in pages.PAGE.rglob("*") if path.is_file()}
    assert {f"src/{name}" for name in page - {"index.html"}} <= written
    assert not {"src/index.html", "src/marcelle.js", "src/uplot.js"} & written
    assert sum((folder / name).stat().st_size for name in written) < 500_000


def test_its_versions_are_pinned_and_those_that_the_page_itself_is_served_with(tmp_path: Path) -> None:
    own = manifest(eject(tmp_path))
    served = {**manifest(BACKEND)["dependencies"], **manifest(Path(pages.__file__).parent / "onnx")["dependencies"]}
    locked = json.loads((tmp_path / "package-lock.json").read_text())["packages"]

    assert own["dependencies"] == {name: served[name] for name in own["dependencies"]}
    for name, version in {**own["dependencies"], **own["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")

    with pytest.raises(MarcelleError, match="not an empty folder"):
        eject(tmp_path)
    with pytest.raises(MarcelleError, match=r"thesis\.txt"):
        eject(tmp_path / "thesis.txt")

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert (tmp_path / "thesis.txt").read_text() == "all of it"


def test_a_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(MarcelleError, match="can't be written"):
        eject(tmp_path / "file" / "mine")


def test_a_folder_of_runs_is_refused_beside_it(tmp_path: Path) -> None:
    done = marcelle_rt("dashboard", str(tmp_path), "--eject", str(tmp_path / "mine"))

    assert done.returncode == 2
    assert not (tmp_path / "mine").exists()


def built(folder: Path, backend: str) -> dict[str, Path]:
    """The files of the page, as Vite makes them of the project, with the types of all of the page looked at."""
    node = find_node().executable
    eject(folder, backend)
    for name in OTHERWISE:
        shutil.copy(pages.PAGE / name, (folder / "src" / name).with_stem("served"))
    (folder / "node_modules").symlink_to(install(folder) / "node_modules")
    for tool, *arguments in (["vite/bin/vite.js", "build"], ["typescript/bin/tsc", "--project", "jsconfig.json"]):
        command = [node, f"node_modules/{tool}", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    made = folder / "dist"
    return {path.relative_to(made).as_posix(): path for path in made.rglob("*") if path.is_file()}


def test_vite_builds_it_its_types_are_right_and_it_shows_runs_live_and_their_checkpoints(
    tmp_path: Path, page: Page, address: str, train: Train
) -> None:
    pytest.importorskip("onnx")
    from tests.support.models.onnx_graphs import classifier, saved

    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    train(epochs=1, planned=1, params={"lr": 1}).close()
    run = train(epochs=2, params={"lr": 2})
    run.save_checkpoint(2, file=saved(classifier(), tmp_path / "c.onnx"))
    with Site(built(tmp_path / "mine", address)) as site:
        page.goto(site.url)
        page.locator(".rt-chart canvas").wait_for()
        run.save_epoch(3, {"loss": 0.1})
        eventually(lambda: "3 of 10" in page.get_by_role("row", name="digits-2").inner_text())
        page.get_by_text("Parallel coordinates").click()
        page.locator(".rt-parallel canvas").wait_for()

        page.get_by_role("link", name="digits-2", exact=True).click()
        page.get_by_role("button", name="epoch 2", exact=True).click()
        page.get_by_text("It takes 3 numbers").wait_for()
        page.get_by_role("textbox", name="numbers").fill("0 1 0")
        eventually(lambda: page.locator(".rt-answer").inner_text().startswith("owl (8"))
        page.close()  # before its server goes
    assert errors == []

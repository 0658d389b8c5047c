"""What a package index, a wheel and a source distribution hold of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.imports import PACKAGE

ROOT = PACKAGE.parent
pytest.importorskip("build")


_MADE = {"build", "dist", "node_modules", "marcelle-logs", "mutants", "__pycache__", "site"}
_MADE_BY_PACKING = {"PKG-INFO"}
_NOT_PACKED = {".ci/run", ".gitignore"}  # a checkout alone has use for them


def project() -> list[str]:
    """The project's own files, as git knows them; in a source distribution, all but what tools make."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if answer.returncode == 0:  # it may belong to somebody else, and then git tells nothing
            return [name for name in answer.stdout.split("\0") if (ROOT / name).is_file()]
    found = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in _MADE and not name.startswith(".") and "egg-info" not in name]
        found += [str((Path(folder) / name).relative_to(ROOT)) for name in files if not name.endswith(".pyc")]
    return [name for name in found if (ROOT / name).is_file() and name not in _MADE_BY_PACKING]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution, built from a copy of the project."""
    folder = tmp_path_factory.mktemp("packaging")
    for name in project():
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tree" / name).write_bytes((ROOT / name).read_bytes())
    site = folder / "tree" / "marcelle_rt" / "site" / "_static"
    site.mkdir(parents=True)
    (site.parent / "index.html").write_text("the documentation")
    (site / "a.css").write_text("")
    command = [sys.executable, "-m", "build", "--quiet", "--no-isolation", "--sdist", "--wheel", "--outdir", "dist"]
    answer = subprocess.run(command, cwd=folder / "tree", capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    dist = folder / "tree" / "dist"
    return next(dist.glob("*.whl")), next(dist.glob("*.tar.gz"))


def test_the_wheel_has_the_documentation_the_pages_and_the_types(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[0]).namelist())
    data = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.suffix in (".js", ".css", ".json")}
    data = {name for name in data if "/site/" not in name and "node_modules" not in name}

    assert {"marcelle_rt/py.typed", "marcelle_rt/site/index.html", "marcelle_rt/site/_static/a.css"} <= names
    assert data - names == set()
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "benchmarks/"))]


def test_the_source_distribution_has_every_file_of_the_project_but_for_what_a_checkout_alone_needs(
    built: tuple[Path, Path],
) -> None:
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert set(project()) - names - _NOT_PACKED == set()


def test_the_scripts_of_a_source_distribution_know_the_pythons_that_the_project_supports(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    with tarfile.open(built[1]) as archive:
        for member in archive.getmembers():
            if member.name.endswith(("/setup.cfg", "/scripts/venv.sh")):
                archive.extract(member, tmp_path, filter="data")
    root = next(tmp_path.iterdir())

    answer = subprocess.run(
        ["bash", "-c", ". scripts/venv.sh; newest_python"], cwd=root, capture_output=True, text=True
    )

    listed = re.findall(r"Python :: 3\.(\d+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
    assert answer.stdout.split() == [max(listed, key=int)]


def test_a_package_index_shows_no_link_that_is_dead_there(built: tuple[Path, Path], tmp_path: Path) -> None:
    wheel = zipfile.ZipFile(built[0])
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    program = "import setuptools; setuptools.setup = lambda long_description: print(long_description); import setup"
    for name in ("README.md", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    known = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    published = re.sub(r"(project_urls = ?\n)", r"\1    Source = https://code.example/me\n", known)
    (tmp_path / "setup.cfg").write_text(published, encoding="utf-8")
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "Project-URL: Marcelle, https://marcelle.dev" in metadata
    assert "docs/run_data.md" in metadata  # what was a link is still named
    for text, picture in ((metadata, False), (answer.stdout, True)):
        links = re.findall(r"\]\(([^)]+)\)", text)
        assert [link for link in links if not re.match(r"https?://|#", link)] == []
        assert ("https://code.example/me/raw/main/docs/demo.png" in links) == picture
        assert ("https://code.example/me/blob/main/docs/frameworks/pytorch.md" in links) == picture

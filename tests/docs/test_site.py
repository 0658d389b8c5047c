"""The documentation builds without a warning, and has a page for everything that it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import marcelle_rt
from tests.support.docs.doc_pages import DOCS, ROOT

pytest.importorskip("sphinx")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as HTML."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    return folder


def test_it_builds_without_a_warning(site: Path) -> None:
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in site.glob("*.html")}


def test_everything_public_is_in_the_reference(site: Path) -> None:
    reference = (site / "api.html").read_text(encoding="utf-8")
    for name in marcelle_rt.__all__:
        assert f'id="marcelle_rt.{name}"' in reference, name
    for name in ("service", "services", "login", "status", "close"):
        assert f'id="marcelle_rt.DataStore.{name}"' in reference, name

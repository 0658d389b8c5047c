"""The documentation builds without a warning, and has a page for everything that it promises."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import pytest

import marcelle_rt
from tests.support.docs.doc_pages import DOCS, ROOT
from tests.support.programs.forked import run

pytest.importorskip("sphinx")
pytest.importorskip("keras")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as HTML; half of its time would go into importing Keras."""
    folder = tmp_path_factory.mktemp("site")
    words = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(folder)]
    answer = run(words, "keras", cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, timeout=300)
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


GROUPED: dict[str, set[str]] = {
    "DataStore": {"by_rest", "connection", "http", "key", "uploads"},
    "Dataset": {"decoded"},
    "Remote": set(),
    "Service": set(),
    "Writer": set(),
}
"""The classes whose members the reference has in groups, and which of them are of use within the package alone."""


@pytest.mark.parametrize("name", GROUPED)
def test_each_member_is_in_one_group_of_the_reference_or_an_inner_one(name: str, site: Path) -> None:
    reference = (site / "api.html").read_text(encoding="utf-8")
    kind = getattr(marcelle_rt, name)
    public = {member for member in dir(kind) if not member.startswith("_") and inspect.getdoc(getattr(kind, member))}
    shown = re.findall(rf'id="marcelle_rt\.{name}\.(\w+)"', reference)

    assert sorted(shown) == sorted(public - GROUPED[name])
    assert GROUPED[name] <= public


def test_the_reference_says_what_the_arguments_of_a_class_mean(site: Path) -> None:
    reference = (site / "api.html").read_text(encoding="utf-8")
    of_the_writer = reference.split('id="marcelle_rt.Writer"')[1].split('id="marcelle_rt.Writer.create_run"')[0]

    assert "Create new instance of" not in reference
    assert "Alias for field number" not in reference
    assert "The base name for the runs." in of_the_writer
    assert "RunFacts" not in of_the_writer

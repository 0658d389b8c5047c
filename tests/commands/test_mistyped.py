"""A command that there isn't is answered with the one that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.cli_suggestions import _MEANT
from marcelle_rt.commands import docs
from tests.support.command import marcelle_rt


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("ui", "Did you mean 'marcelle-rt dashboard'?"),
        ("show", "Did you mean 'marcelle-rt runs show'?"),
        ("sync", "Did you mean 'marcelle-rt upload'?"),
        ("dashbord", "Did you mean 'dashboard'?"),
        ("backend start", "Did you mean 'marcelle-rt backend'?"),
        ("runs shw", "Did you mean 'show'?"),
        ("runs sums-4", "'marcelle-rt runs show sums-4'"),
        ("quite something else", "No such command 'quite'"),
    ],
)
def test_a_mistyped_command_is_answered_with_what_is_meant(words: str, hint: str) -> None:
    done = marcelle_rt(*words.split())

    assert done.returncode == 2
    assert hint in " ".join(done.stderr.split())


@pytest.mark.parametrize("meant", sorted(set(_MEANT.values())))
def test_what_is_suggested_is_a_command(meant: str) -> None:
    assert marcelle_rt(*meant.split(), "--help").returncode == 0


def test_help_ends_with_where_the_documentation_is() -> None:
    assert "Documentation: marcelle-rt docs" in " ".join(marcelle_rt("--help").stdout.split())


def test_the_documentation_is_opened_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "PLACES", (tmp_path / "none", tmp_path))
    for name in ("index", "keras", "genindex"):
        (tmp_path / f"{name}.html").write_text("")
    opened: list[str] = []
    monkeypatch.setattr(docs.webbrowser, "open", opened.append)

    assert marcelle_rt("docs", "keras.md").returncode == 0
    assert opened == [(tmp_path / "keras.html").as_uri()]
    assert (tmp_path / "index.html").as_uri() in marcelle_rt("docs", "--no-browser").stdout
    unknown = marcelle_rt("docs", "kera")
    assert (unknown.returncode, "keras" in unknown.stderr, "genindex" in unknown.stderr) == (1, True, False)

    monkeypatch.setattr(docs, "PLACES", (tmp_path / "none",))
    assert "those that `scripts/wheel` builds bring it along" in " ".join(marcelle_rt("docs").stderr.split())

"""The house rules of the pages' JavaScript: small files, and no HTML made of text of others; types: `test_eject.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.dashboard.pages import PAGE

ROOT = Path(__file__).parents[2]
ROOMS = ("browser", "demo", "dashboard/vite")
OTHERS = [path for room in ROOMS for path in (ROOT / "marcelle_rt" / room).rglob("*.js")]
SCRIPTS = sorted([*PAGE.rglob("*.js"), *OTHERS])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "marcelle_rt").as_posix()


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_is_small_and_makes_no_html_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) < 250
    assert text.startswith("// "), "a script begins by saying what it is"
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in text

"""The house rules of the pages' JavaScript: right types, small files, and no HTML made of text of others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.dashboard.pages import PAGE

ROOT = Path(__file__).parents[2]
ROOMS = ("browser", "demo", "dashboard/vite")
OTHERS = [path for room in ROOMS for path in (ROOT / "marcelle_rt" / room).rglob("*.js")]
SCRIPTS = sorted([*PAGE.rglob("*.js"), *OTHERS])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "marcelle_rt").as_posix()


def test_the_types_of_the_page_are_right(node: None, tmp_path: Path) -> None:
    node_program = find_node()
    modules = install() / "node_modules"
    compiler = install(ROOT / "scripts" / "js", node_program) / "node_modules" / "typescript"
    options = {
        "target": "ES2022",
        "lib": ["ES2023", "DOM", "DOM.Iterable"],
        "module": "ESNext",
        "moduleResolution": "bundler",
        "allowJs": True,
        "checkJs": True,
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "types": [],
        "paths": {
            "@marcellejs/core": [str(modules / "@marcellejs/core/types/index.d.ts")],
            "echarts": [str(modules / "echarts/types/dist/all.d.ts")],
            "uplot": [str(modules / "uplot/dist/uPlot.d.ts")],
        },
    }
    (tmp_path / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": options, "include": [str(PAGE / "**" / "*.js")]})
    )

    answer = subprocess.run(
        [node_program.executable, str(compiler / "bin" / "tsc"), "-p", str(tmp_path), "--pretty", "false"],
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_is_small_and_makes_no_html_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) < 250
    assert text.startswith("// "), "a script begins by saying what it is"
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in text

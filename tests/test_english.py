"""The English of what users read: the slips that come easily, and must not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.imports import PACKAGE, SOURCES

ROOT = PACKAGE.parent
PAGES = [
    path for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))) if path.stem != "CONTRIBUTING"
]
"""What users read; the guide for contributors names slips to avoid."""
SCRIPTS = [path for kind in ("js", "mjs", "html", "css") for path in sorted(PACKAGE.rglob(f"*.{kind}"))]

NEGATED = re.compile(
    r"(?<!there )\b(is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|\w+er than\b)\w+"
    r"|(?<!there )\b(is|are) none of\b|\bspeaks? no\b",
    re.IGNORECASE,
)
"""`X is no Y`, where English says `X is not a Y`; `there is no Y` and comparisons are fine."""

BRITISH = re.compile(
    r"\b\w*(colour|behaviour|favour|neighbour|honour)\w*|\b(analyse|centre|licence)[sd]?\b"
    r"|\b(initiali|seriali|normali|organi|optimi|recogni|summari|synchroni|visuali)s(e|es|ed|ing|ation)\b",
    re.IGNORECASE,
)

SLIPS = {
    "a negated noun": NEGATED,
    "British spelling, as names in code are American": BRITISH,
    "each with a number, for every": re.compile(r"\beach (so many|two|three|four|five|other second)\b"),
}


def strings(source: str) -> Iterator[str]:
    """The string literals of Python source, docstrings and the parts of f-strings among them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


@cache
def texts(path: Path) -> tuple[str, ...]:
    content = path.read_text()
    return tuple(strings(content)) if path.suffix == ".py" else (" ".join(content.split()),)


@pytest.mark.parametrize("slip", SLIPS)
def test_no_text_of_the_package_or_its_pages_has_a_slip(slip: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: ...{text[max(0, match.start() - 30) : match.end() + 30]}..."
        for path in (*SOURCES, *SCRIPTS, *PAGES)
        for text in texts(path)
        for match in SLIPS[slip].finditer(text)
    ]

    assert found == []


def test_comments_and_tests_are_spelled_as_the_rest() -> None:
    tests = [path for name in ("tests", "benchmarks", "scripts") for path in (ROOT / name).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (*SOURCES, *tests)
        if path != Path(__file__)
        for match in BRITISH.finditer(path.read_text(encoding="utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "is_a_slip"),
    [
        ("the URL is no URL", True),
        ("what answers is none of these", True),
        ("keys that are no strings", True),
        ("There is no run at that place", False),
        ("so there are no curves", False),
        ("it is no longer there", False),
        ("its answer is no older than the event", False),
        ("it is not a URL", False),
    ],
)
def test_what_counts_as_a_negated_noun(text: str, is_a_slip: bool) -> None:
    assert bool(NEGATED.search(text)) == is_a_slip


def test_strings_are_found_wherever_they_are_in_source() -> None:
    source = '"""one."""\ndef f(x):\n    """two."""\n    return f"three {x} four", {"five": 6}\n'

    assert {"one.", "two.", "three", "four", "five"} <= set(strings(source))

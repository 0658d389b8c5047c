"""What a page of the documentation has for code, in the order in which a reader meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))

NEEDS_FRAMEWORKS = "<!-- run by scripts/test --frameworks -->"
"""What a page says whose programs need more than the extra `dev` brings; `tests/frameworks` runs them."""

# A comment before a block says why it isn't run, or has what the block takes for granted.
_CODE = re.compile(
    r"<!-- not run: (?P<reason>[^\n]+) -->\n```(?P<marked>\w+)\n(?P<unrun>.*?)\n```"
    r"|<!-- setup\n(?P<setup>.*?)\n-->"
    r"|```(?P<language>\w+)\n(?P<text>.*?)\n```",
    flags=re.DOTALL,
)


class Block(NamedTuple):
    """A block of code on a page."""

    language: str
    text: str
    line: int
    reason: str | None = None
    """Why it isn't run."""


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, hidden preparations included."""
    text = page.read_text(encoding="utf-8")
    for found in _CODE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["setup"] is not None:
            yield Block("python", found["setup"], line)
        elif found["reason"] is not None:
            yield Block(found["marked"], found["unrun"], line, found["reason"])
        else:
            yield Block(found["language"], found["text"], line)

"""The row of counts in docs/in-the-browser.md: one column for each way into a page."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs" / "in-the-browser.md"
VERDICTS = ("right", "refused", "wrong")
_ROW = re.compile(r"^\| Modules and functions of PyTorch \|(.*)\|$", flags=re.MULTILINE)


def write(counts: list[list[int]]) -> None:
    """Puts the counts into the row: for each way, how many are right, refused and wrong."""
    cells = " | ".join(" / ".join(map(str, numbers)) for numbers in counts)
    text = DOCS.read_text(encoding="utf-8")
    written, found = _ROW.subn(lambda _: f"| Modules and functions of PyTorch | {cells} |", text)
    if found != 1:
        raise ValueError(f"{DOCS} has {found} rows for modules of PyTorch")
    DOCS.write_text(written, encoding="utf-8")


def read() -> list[list[int]]:
    """For each way, how many are right, refused and wrong; nothing where they were not counted yet."""
    row = _ROW.search(DOCS.read_text(encoding="utf-8"))
    cells = row[1].split("|") if row else []
    return [[int(number) for number in cell.split("/")] for cell in cells if "/" in cell]

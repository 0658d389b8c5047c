"""The table of the sweep in docs/models.md: one row for each part, one column for each way and verdict."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs" / "models.md"
VERDICTS = ("right", "refused", "wrong")
TITLES = {
    "layers": "Layers of `keras.layers` with their settings",
    "ops": "Ops of `keras.ops` with theirs",
    "applications": "Architectures of `keras.applications`",
    "hub": "Families of KerasHub",
}


def write(part: str, counts: dict[str, list[int]]) -> None:
    """Puts a part's counts into its row.

    Args:
        part: One of `TITLES`.
        counts: By target, how many are right, refused and wrong.
    """
    text = DOCS.read_text(encoding="utf-8")
    row = f"| {TITLES[part]} | {' | '.join(' / '.join(map(str, numbers)) for numbers in counts.values())} |"
    written, found = re.subn(rf"^\| {re.escape(TITLES[part])} \|.*$", lambda _: row, text, flags=re.MULTILINE)
    if found != 1:
        raise ValueError(f"{DOCS} has {found} rows for {TITLES[part]!r}")
    DOCS.write_text(written, encoding="utf-8")


def read() -> dict[str, list[list[int]]]:
    """By part, for each way, how many are right, refused and wrong."""
    text = DOCS.read_text(encoding="utf-8")
    found = {}
    for part, title in TITLES.items():
        row = re.search(rf"^\| {re.escape(title)} \|(.*)\|$", text, flags=re.MULTILINE)
        cells = row[1].split("|") if row else []
        # What was not counted yet has words there.
        found[part] = [[int(number) for number in cell.split("/")] for cell in cells if "/" in cell]
    return found

"""The table of `docs/models.md` that a test writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs" / "models.md"
BEGIN, END = "<!-- measured by tests/models/test_parity.py -->", "<!-- end of what is measured -->"


@dataclass(frozen=True)
class Row:
    """How one kind of model fared.

    Attributes:
        title: The kind.
        cells: By format: whether it predicts the same, or why it was refused.
    """

    title: str
    cells: dict[str, bool | str]


def render(rows: list[Row]) -> str:
    formats = list(rows[0].cells)
    lines = [f"| Kind of model | {' | '.join(formats)} | |", f"|---|{'---|' * len(formats)}---|"]
    for row in rows:
        marks = ["yes" if cell is True else "no" for cell in row.cells.values()]
        reasons = [cell for cell in row.cells.values() if isinstance(cell, str)]
        lines.append(f"| {row.title} | {' | '.join(marks)} | {'; '.join(reasons)} |")
    return "\n".join(lines)


def read() -> str:
    return DOCS.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def write(measured: str) -> None:
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCS.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}", encoding="utf-8")

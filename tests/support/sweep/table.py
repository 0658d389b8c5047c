"""The table of the sweep in docs/models.md: one row for each part, one column for each way and verdict."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.support.sweep.compare import TARGETS

DOCS = Path(__file__).parents[3] / "docs" / "models.md"
VERDICTS = ("right", "refused", "wrong")
TITLES = {
    "layers": "Layers of `keras.layers` with their settings",
    "ops": "Ops of `keras.ops` with theirs",
    "applications": "Architectures of `keras.applications`",
    "hub": "Families of KerasHub",
}
_BEGIN, _END = "<!-- counted by scripts/sweep -->", "<!-- end of what is counted -->"
_BLOCK = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)


def render(counts: dict[str, Counter[tuple[str, str]]], story: str) -> str:
    """The table, and a sentence that says what it comes from.

    Args:
        counts: By part, how many came out in which way, by target and verdict.
        story: The sentence.
    """
    rows = [f"| | {' | '.join(TARGETS)} |", "|---" * (len(TARGETS) + 1) + "|"]
    for part, title in TITLES.items():
        cells = [" / ".join(str(counts[part][target, verdict]) for verdict in VERDICTS) for target in TARGETS]
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([_BEGIN, "", *rows, "", story, "", _END])


def write(text: str) -> None:
    """Puts a table in the place of the one that is there."""
    before = DOCS.read_text(encoding="utf-8")
    if not _BLOCK.search(before):
        raise ValueError(f"{DOCS} has no {_BEGIN}")
    DOCS.write_text(_BLOCK.sub(lambda _: text, before), encoding="utf-8")


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

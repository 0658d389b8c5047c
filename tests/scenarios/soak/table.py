"""The rows of a soak: kept in a file while it lasts, added up over several, and shown as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.scenarios.soak.trial import Row
from tests.support.trainings.audit import Counts
from tests.support.trainings.claims import Claims

HEAD = (
    "row", "runs", "kills", "cuts", "sent", "journaled", "on server", "duplicated", "lost", "said", "said wrongly",
)  # fmt: skip


def cells(row: Row) -> tuple[int, ...]:
    """The figures of a row."""
    return (row.runs, row.kills, row.cuts, *row.counts, *row.claims)


def table(rows: dict[str, Row]) -> str:
    """The rows and their sum, as Markdown."""
    total = sum(rows.values(), Row())
    lines = [f"| {' | '.join(HEAD)} |", "|---" + "|--:" * (len(HEAD) - 1) + "|"]
    for name, row in {**rows, "**all**": total}.items():
        lines.append(f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells(row)) + " |")
    return "\n".join(lines)


def write(path: Path, rows: dict[str, Row]) -> None:
    """Keeps the rows, so that a soak that is broken off is not lost."""
    path.write_text(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=1))


def added(paths: Iterable[Path]) -> dict[str, Row]:
    """The rows of several soaks, added up."""
    rows: dict[str, Row] = {}
    for path in paths:
        for name, values in json.loads(path.read_text()).items():
            rows[name] = rows.get(name, Row()) + _row(values)
    return rows


def _row(values: dict[str, Any]) -> Row:
    return Row(**{**values, "counts": Counts(*values["counts"]), "claims": Claims(*values["claims"])})

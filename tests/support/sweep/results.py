"""What a sweep has found: a line for each case, written at once, so that one that was cut off goes on where it was."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from marcelle_rt import __version__
from tests.support.sweep.compare import Outcome

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "build" / "sweep"


def commit() -> str:
    """The commit that is tried; it ends with `-dirty` where files differ from it, or where there is none to ask for."""
    if not (ROOT / ".git").exists():  # a source distribution, perhaps within a repository of somebody else
        return f"{__version__}-dirty"
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=10", "--dirty"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


class Results:
    """The outcomes of one commit.

    Args:
        name: The commit.
        folder: Where the file is that has them.

    Attributes:
        name: The commit.
        folder: That folder.
        seconds: How long all of it took.
    """

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.folder = name, folder
        self.file = folder / f"{name}.jsonl"
        self.seconds = 0.0
        self._found: dict[tuple[str, str], dict[str, Outcome]] = {}
        self.read()

    def forget(self) -> None:
        """Begins anew, as where what is tried has no commit of its own."""
        self.file.unlink(missing_ok=True)
        self.read()

    def read(self) -> None:
        """Takes in what is in the file, which other processes write into."""
        self.seconds = 0.0
        self._found.clear()
        for line in self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else ():
            entry = json.loads(line)
            outcomes = {target: Outcome(**outcome) for target, outcome in entry["outcomes"].items()}
            self._take(entry["part"], entry["case"], outcomes, entry["seconds"])

    def has(self, part: str, case: str) -> bool:
        """Whether a case was tried."""
        return (part, case) in self._found

    def add(self, part: str, case: str, outcomes: dict[str, Outcome], seconds: float) -> None:
        """Keeps what came of a case."""
        told = {target: asdict(outcome) for target, outcome in outcomes.items()}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"part": part, "case": case, "outcomes": told, "seconds": round(seconds, 2)}) + "\n")
        self._take(part, case, outcomes, seconds)

    def _take(self, part: str, case: str, outcomes: dict[str, Outcome], seconds: float) -> None:
        self._found[part, case] = outcomes
        self.seconds += seconds

    def counts(self, part: str) -> Counter[tuple[str, str]]:
        """How many of a part came out in which way, by target and verdict."""
        rows = (outcomes for (of, _), outcomes in self._found.items() if of == part)
        return Counter((target, outcome.verdict) for row in rows for target, outcome in row.items())

    def in_page(self) -> int:
        """How many were also run in a page, to the same effect."""
        return sum(outcome.in_page for row in self._found.values() for outcome in row.values())

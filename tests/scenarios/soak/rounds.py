"""Soaks; run by `scripts/soak`. Exits with 1 when anything was lost, is there twice, or was said wrongly."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from datetime import date
from pathlib import Path

from marcelle_rt.backend import Backend
from tests.scenarios.soak import kills, lines, machines, table
from tests.scenarios.soak.trial import Act, Row, Trial

_OFTEN = {
    "killed at a random moment, then uploaded": 12,
    "killed at a random moment, then resumed": 12,
    "8 writers, cut several times a second, and 1 to 30 % of frames": 4,
}

TRIALS: dict[str, Act] = {**kills.ROWS, **lines.ROWS, **machines.ROWS}


class Soak:
    """One round after the other, each with a backend of its own.

    Args:
        seed: What the random moments are drawn from.
        counts: Where the rows are kept; nowhere if `None`.

    Attributes:
        rows: What the promises came to.
        failures: How many trials ended in an error, so that they could not be counted.
    """

    def __init__(self, seed: int, counts: Path | None) -> None:
        self.draw = random.Random(seed)
        self.rows: dict[str, Row] = {name: Row() for name in TRIALS}
        self.failures = 0
        self._counts = counts

    @property
    def is_right(self) -> bool:
        """Whether all went as it is promised."""
        return not self.failures and all(row.is_right for row in self.rows.values())

    def round(self, ends: float) -> None:
        """Tries each row, those with kills and with most cuts the more often."""
        base = Path(tempfile.mkdtemp(prefix="marcelle-soak-"))
        names = [name for name in TRIALS for _ in range(_OFTEN.get(name, 1))]
        self.draw.shuffle(names)
        was_right = self.is_right
        with Backend(data=base / "backend") as backend:
            for name in names:
                if time.monotonic() > ends:
                    break
                self._try(name, Trial(self.draw, backend, base))
        if was_right and self.is_right:
            shutil.rmtree(base)

    def _try(self, name: str, trial: Trial) -> None:
        try:
            TRIALS[name](trial)
        except Exception:  # whatever it is, the other trials are worth their counts
            self.failures += 1
            print(f"\n{name}: could not be counted; the folders are kept in {trial.base}", flush=True)
            traceback.print_exc()
            return
        self.rows[name] += trial.row
        if not trial.row.is_right:
            print(f"\n{name}: {trial.row}; the folders are kept in {trial.base}", flush=True)
        print("." if trial.row.is_right else "x", end="", flush=True)
        if self._counts is not None:
            table.write(self._counts, self.rows)


def main() -> None:
    """Soaks, or adds up what soaks have counted, and prints the table."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats a run's random moments")
    parser.add_argument("--counts", type=Path, help="a file that keeps the rows while it lasts")
    parser.add_argument("--add", type=Path, nargs="+", help="adds up such files instead")
    options = parser.parse_args()
    if options.add:
        print(table.table(table.added(options.add)))
        return
    print(f"{date.today()}: {options.minutes:g} minutes, seed {options.seed}; a dot is a trial", flush=True)
    soak = Soak(options.seed, options.counts)
    ends = time.monotonic() + 60 * options.minutes
    try:
        while time.monotonic() < ends:
            soak.round(ends)
    except KeyboardInterrupt:
        pass
    print(f"\n\nEpochs and files that were\n\n{table.table(soak.rows)}\n", flush=True)
    later = sum(row.sent_later for row in soak.rows.values())
    print(f"{later} trainings were told that not all was there, and were uploaded; {soak.failures} trials failed.")
    sys.exit(not soak.is_right)

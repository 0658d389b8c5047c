"""Converts every model of the sweep, runs what comes of it, and writes the counts into docs/models.md.

scripts/sweep [--only TEXT] [layers] [ops] [applications] [hub]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import keras

from tests.support.sweep import applications, hub, layers, ops, table
from tests.support.sweep.case import Case, parse
from tests.support.sweep.compare import TARGETS, Comparison
from tests.support.sweep.names import NAMES
from tests.support.sweep.runners import Tfjs

PARTS: dict[str, Callable[[], Iterable[Case]]] = {
    "layers": lambda: parse(layers.CASES, NAMES),
    "ops": lambda: parse(ops.CASES, NAMES),
    "applications": applications.cases,
    "hub": hub.cases,
}


def sweep(part: str, only: str, compare: Comparison, directory: Path) -> Counter[tuple[str, str]]:
    """Compares the cases of a part, and prints what is not right.

    Returns:
        How many came out in which way, by target and verdict.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for case in PARTS[part]():
        if only not in case.name:
            continue
        for target, outcome in compare(case).items():
            counts[target, outcome.verdict] += 1
            if outcome.verdict != "right":
                print(f"{outcome.verdict:8} {target:13} {case.name}: {outcome.reason}", flush=True)
        keras.backend.clear_session()
        for folder in directory.iterdir():
            shutil.rmtree(folder)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/sweep", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--only", default="", help="only the cases whose name has this text; the docs stay as they are")
    arguments = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as directory, Tfjs() as tfjs:
        compare = Comparison(tfjs, Path(directory))
        for part in arguments.parts:
            counts = sweep(part, arguments.only, compare, Path(directory))
            row = {target: [counts[target, verdict] for verdict in table.VERDICTS] for target in TARGETS}
            print(f"{part}: {row}", flush=True)
            wrong += sum(count for (_, verdict), count in counts.items() if verdict == "wrong")
            if not arguments.only:
                table.write(part, row)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

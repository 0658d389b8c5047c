"""Converts every model of the sweep, runs what comes of it, and writes the counts into docs/models.md.

scripts/sweep [--only TEXT] [layers] [ops] [applications] [hub]

What was found is kept in build/sweep by commit: of one that was cut off, the same command does the rest. The docs are
written when all parts are there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import keras

from tests.helpers import chromium
from tests.support.sweep import applications, hub, layers, ops, results, table
from tests.support.sweep.case import Case, parse
from tests.support.sweep.compare import Comparison
from tests.support.sweep.names import NAMES
from tests.support.sweep.runners import InPage, Tfjs

PARTS: dict[str, Callable[[], Iterable[Case]]] = {
    "layers": lambda: parse(layers.CASES, NAMES),
    "ops": lambda: parse(ops.CASES, NAMES),
    "applications": applications.cases,
    "hub": hub.cases,
}
IN_PAGE = 5
"""Each fifth case is run in a page, too; of architectures, some small ones."""


def sweep(part: str, only: str, compare: Comparison, page: InPage, directory: Path, found: results.Results) -> None:
    """Compares the cases of a part that were not tried yet, and prints what is not right.

    Args:
        part: One of `PARTS`.
        only: A text that a case has in its name.
        compare: Compares.
        page: A page for some of the cases.
        directory: The folder that `compare` uses; it is emptied.
        found: Takes what comes of them.
    """
    for index, case in enumerate(PARTS[part]()):
        if only not in case.name or found.has(part, case.name):
            continue
        started = time.perf_counter()
        is_shown = case.name in applications.IN_PAGE if part == "applications" else index % IN_PAGE == 0
        outcomes = compare(case, page=page if is_shown else None)
        found.add(part, case.name, outcomes, time.perf_counter() - started)
        for target, outcome in outcomes.items():
            if outcome.verdict != "right":
                print(f"{outcome.verdict:8} {target:13} {case.name}: {outcome.reason}", flush=True)
        keras.backend.clear_session()
        for folder in directory.iterdir():
            shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/sweep", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    parser.add_argument("--only", default="", help="only the cases whose name has this text; nothing is kept")
    arguments = parser.parse_args()
    parts = arguments.parts or list(PARTS)
    commit = results.commit()
    with tempfile.TemporaryDirectory() as directory, Tfjs() as tfjs, chromium() as browser:
        found = results.Results(commit, Path(directory, "kept") if arguments.only else results.FOLDER)
        tries = Path(directory, "tries")
        tries.mkdir()
        compare, page = Comparison(tfjs, tries), InPage(browser.new_page())
        for part in parts:
            sweep(part, arguments.only, compare, page, tries, found)
    counts = {part: found.counts(part) for part in parts}
    for part, row in counts.items():
        print(f"{part}: {dict(sorted(row.items()))}")
    if counts.keys() == PARTS.keys() and not arguments.only:
        story = (
            f"All of it comes from one run of commit {commit}, which took {found.seconds / 60:.0f} minutes. "
            f"{found.in_page()} models that are right in Node were run in Chromium, by WebGL: right to 1e-3."
        )
        table.write(table.render(counts, story))
    return 1 if any(row[target, "wrong"] for row in counts.values() for target, _ in row) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Converts every model of the sweep, runs what comes of it, and writes the counts into docs/models.md.

scripts/sweep [--only TEXT] [layers] [ops] [applications] [hub]

What was found is kept in build/sweep by commit: of one that was cut off, the same command does the rest. The docs are
written when all parts are there. Processes of their own do the work, some cases each, and large architectures one: what
TensorFlow keeps of a hundred models, or of one of them, is given back with its process.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.sweep import results, table
from tests.support.sweep.work import PARTS, shares, try_out


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/sweep", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    parser.add_argument("--only", default="", help="only the cases whose name has this text; nothing is kept")
    arguments = parser.parse_args()
    parts = arguments.parts or list(PARTS)
    commit = results.commit()
    lost = []
    with tempfile.TemporaryDirectory() as directory:
        found = results.Results(commit, Path(directory) if arguments.only else results.FOLDER)
        if commit.endswith("-dirty"):
            found.forget()
        for part in parts:
            names = [case.name for case in PARTS[part]() if arguments.only in case.name]
            for share in shares(part, names):
                lost += try_out(part, share, found)
    counts = {part: found.counts(part) for part in parts}
    for part, row in counts.items():
        print(f"{part}: {dict(sorted(row.items()))}")
    if counts.keys() == PARTS.keys() and not arguments.only and not lost:
        story = (
            f"All of it comes from commit {commit}, on which it took {found.seconds / 60:.0f} minutes. "
            f"{found.in_page()} models that are right in Node were run in Chromium, by WebGL: right to 1e-3."
        )
        table.write(table.render(counts, story))
    return 1 if lost or any(row[target, "wrong"] for row in counts.values() for target, _ in row) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Converts every module of cases.txt, runs what comes of it as a page does, and writes the counts into the docs.

scripts/sweep torch [--only TEXT]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import torch

from tests.support.sweep.runners import Tfjs
from tests.support.torch_sweep import table
from tests.support.torch_sweep.case import cases
from tests.support.torch_sweep.compare import COLUMNS, Comparison, onnxruntime_web


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/sweep torch", description=__doc__)
    parser.add_argument("--only", default="", help="only the cases that have this text; the docs stay as they are")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    counts: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        runners = (Tfjs(), onnxruntime_web("oldest"), onnxruntime_web("newest"))
        compare = Comparison(dict(zip(COLUMNS, map(stack.enter_context, runners), strict=True)))
        for case in cases():
            if arguments.only not in case.name:
                continue
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for column, outcome in compare(case, folder).items():
                counts[column, outcome.verdict] += 1
                if outcome.verdict != "right":
                    print(f"{outcome.verdict:8} {column:12} {case.name}: {outcome.reason}", flush=True)
    row = [[counts[column, verdict] for verdict in table.VERDICTS] for column in COLUMNS]
    print(row, flush=True)
    if not arguments.only:
        table.write(row)
    return 1 if any(verdict == "wrong" for _, verdict in counts) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Whether a watch misses anything, or tells anything twice, over many cuts and restarts of the backend.

Documents are created, patched and removed on a direct line meanwhile. It takes two to three minutes. It needs
`pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.support.measure import verdict
from marcelle_rt.backend import Backend
from tests.support.watch_through_cuts import watch_through

if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cuts", type=int, default=190)
    arguments.add_argument("--restarts", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    start = time.monotonic()
    with Backend() as backend:
        outcome = watch_through(backend, cuts=chosen.cuts, restarts=chosen.restarts, seed=chosen.seed)
    print(
        f"{outcome.cuts} cuts and {outcome.restarts} restarts in {time.monotonic() - start:.0f} s: {outcome.writes} "
        f"writes, {outcome.changes} changes, {outcome.documents} documents that match in the end, as on the server"
    )
    for wrong in outcome.wrong:
        print(wrong)
    sys.exit(not verdict("changes that were wrong or twice", len(outcome.wrong), 0, ""))

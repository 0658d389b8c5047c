"""A plain process with everything imported, which trains when it is told to."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.support.tiny_training import train
from marcelle_rt import KerasCallback

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    train(KerasCallback(sys.argv[1]))

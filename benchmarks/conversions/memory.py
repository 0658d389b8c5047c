"""How much memory the conversion of a large model takes at its peak, over that model: 100 million weights, 0.4 GB.

It is done in a process of its own, as in a training, from each format on disk to each of those of pages. What a model
of a few weights takes, which is the libraries, is taken off. It needs `pip install "marcelle-rt[onnx]"`, 6 GB of
memory, and some minutes.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.support.measure import verdict

WIDE, NARROW = 4096, 8
PROMISED = {"h5": 2.5, "keras": 3.5, "saved_model": 12.0}
"""Keras itself holds what it reads from a `keras` file twice; a SavedModel's weights TensorFlow puts into its graph."""


def made(width: int) -> Any:
    """A model of six layers that TF.js lacks, so that its graph is needed."""
    from keras import Input, Sequential, layers

    return Sequential([Input((width,)), *(layers.Dense(width, activation="gelu") for _ in range(6))])


def peak(path: Path, folder: Path, remote_format: str) -> float:
    """The most memory that the process of a conversion has had, in GB; measured in a process that has had no other."""
    import subprocess

    program = (
        "import resource, sys; from pathlib import Path; from marcelle_rt.models import convert_in_subprocess; "
        "convert_in_subprocess(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", program, str(path), str(folder), remote_format]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1e6


def main() -> bool:
    from marcelle_rt.models import disk

    kept = True
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        large, small = made(WIDE), made(NARROW)
        size = large.count_params() * 4 / 1e9
        for kind, promised in PROMISED.items():
            paths = [disk.save(model, folder, f"model{index}", kind) for index, model in enumerate((large, small))]
            for remote_format in ("tfjs", "onnx"):
                both = [peak(path, folder / f"{kind}-{remote_format}", remote_format) for path in paths]
                question = f"{kind} to {remote_format}, {both[0]:.2f} GB over {both[1]:.2f} GB of libraries"
                kept &= verdict(f"{question}, for {size:.2f} GB", (both[0] - both[1]) / size, promised)
    return kept


if __name__ == "__main__":
    sys.exit(not main())

"""What a PyTorch checkpoint costs the training's thread when only the weights are filled in, over a fresh export.

Both write the same files of the same module, weights on disk and what a page runs, and both are compared with the
module's own prediction. The weights differ each time.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from benchmarks.support.measure import verdict
from marcelle_rt.models.checkpoints.usage import Usage
from marcelle_rt.models.torch_modules.saver import ModuleSaver

FRESH = 5
FILLED = 20
PROMISED = 0.05


def small_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 11 * 11, 10),
    )


def checkpoint(saver: ModuleSaver, remote_format: str) -> float:
    """Saves a checkpoint, and gives how long it took in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        saver.save(Path(folder), "model", with_optimizer=False)
        saver.convert(Path(folder) / "page", remote_format)
        return time.perf_counter() - start


def ratio(remote_format: str) -> tuple[float, float, float]:
    """The median of checkpoints with filled weights over that of fresh ones, and both in seconds."""
    module, usage = small_cnn(), Usage(example=torch.randn(1, 1, 28, 28))
    checkpoint(ModuleSaver(module, usage), remote_format)  # the first imports what an export needs
    fresh = [checkpoint(ModuleSaver(module, usage), remote_format) for _ in range(FRESH)]
    saver = ModuleSaver(module, usage)
    checkpoint(saver, remote_format)
    filled = []
    for _ in range(FILLED):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(0.99)
        filled.append(checkpoint(saver, remote_format))
    each, first = statistics.median(filled), statistics.median(fresh)
    return each / first, each, first


def main() -> int:
    kept = []
    for remote_format in ("onnx", "tfjs"):
        measured, each, first = ratio(remote_format)
        print(f"{remote_format}: {each * 1e3:.1f} ms with filled weights, {first * 1e3:.0f} ms exported anew")
        kept.append(
            verdict(f"a torch checkpoint as {remote_format}, weights filled in over a fresh export", measured, PROMISED)
        )
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())

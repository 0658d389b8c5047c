"""How much memory an upload takes: of a small file, of 10 MB and of 500 MB.

Each size is uploaded by a process of its own, whose peak is compared with the one that it had after uploading a file
of a few bytes. That peak has the interpreter, the libraries and the connection in it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.support.measure import verdict

MB = 1_000_000
SIZES = (10 * MB, 500 * MB)
PROMISED = 20.0  # MB


def peak() -> float:
    """The most memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def write(path: Path, size: int) -> Path:
    """Fills a file with random bytes, a piece at a time."""
    with path.open("wb") as file:
        for start in range(0, size, MB):
            file.write(os.urandom(min(MB, size - start)))
    return path


def child(location: str, small: str, large: str) -> None:
    """Uploads a small file and a large one; prints the peaks after each."""
    from marcelle_rt import Remote

    with Remote(location, "onnx") as remote:
        remote.upload_onnx_model(small)
        before = peak()
        remote.upload_onnx_model(large)
    print(json.dumps([before, peak()]))


def growth(location: str, small: Path, large: Path) -> float:
    """By how many MB a fresh process grows when it uploads the large file."""
    command = [sys.executable, "-m", "benchmarks.uploads", location, str(small), str(large)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    before, after = json.loads(answer.stdout)
    print(f"{large.stat().st_size / MB:.0f} MB: peak {before:.1f} MB before, {after:.1f} MB after")
    return float(after - before)


def main() -> bool:
    """Measures all sizes; true if each keeps the promise."""
    from marcelle_rt.backend import Backend

    kept = True
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend:
        small = write(Path(folder) / "small.onnx", 1000)
        for size in SIZES:
            large = write(Path(folder) / "large.onnx", size)
            grown = growth(backend.url, small, large)
            kept &= verdict(f"growth while {size // MB} MB are uploaded", grown, PROMISED, unit=" MB")
    return kept


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(*sys.argv[1:])
    else:
        sys.exit(not main())

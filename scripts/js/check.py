"""Lints and type-checks all JavaScript of the repository: `python -m scripts.js.check`.

What it needs (eslint, TypeScript) is pinned in the lock file beside this file, and installed once, as the backend is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> int:
    """Runs both tools; 1 when one of them finds something."""
    node = find_node()
    packages = install(HERE, node)
    tools = packages / "node_modules"
    eslint = ["eslint/bin/eslint.js", "--config", HERE / "eslint.config.mjs", "--max-warnings", "0"]
    folders = ["marcelle_rt", "benchmarks", "tests"]
    tsc = ["typescript/bin/tsc", "--project", HERE, "--typeRoots", tools / "@types"]
    environment = {**os.environ, "CHECKS": str(packages)}
    found = 0
    for tool, *arguments in ([*eslint, *folders], tsc):
        command = [node.executable, tools / tool, *arguments]
        found |= subprocess.run(command, cwd=ROOT, env=environment).returncode != 0
    return int(found)


if __name__ == "__main__":
    sys.exit(main())

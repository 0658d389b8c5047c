"""A virtual environment for each tool of requirements.txt, made in the user's cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from marcelle_rt.config import cache_dir

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def pins() -> dict[str, str]:
    """The pinned version of each tool."""
    lines = (line.strip() for line in REQUIREMENTS.read_text().splitlines())
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def python_of(package: str, version: str) -> Path | None:
    """The Python that has a tool; installs the tool at the first call.

    Returns:
        `None` where it can't be installed; pip's last words are printed.
    """
    digest = hashlib.sha256(f"{package}=={version} {sys.version}".encode()).hexdigest()[:8]
    folder = cache_dir() / "peers" / f"{package}-{digest}"
    python = folder / "bin" / "python"
    if (folder / "installed").exists():
        return python
    print(f"installing {package} {version} into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{package}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{package} {version} can't be installed here:\n{done.stderr.strip()[-500:]}", file=sys.stderr)
        return None
    (folder / "installed").touch()
    return python

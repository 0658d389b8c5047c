"""The Python that runs the MongoDB server: a 3.13 or newer that is found, in a virtual environment made once.

`python -m tests.support.mongodb.environment` makes it, and exits with 1 and a line that says why where it can't.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from marcelle_rt.config import cache_dir

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_SUITS = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 13))"


class NoMongoDB(Exception):
    """This machine can't run the MongoDB server."""


def python() -> Path:
    """The Python that has the server; makes its environment in the user's cache folder at the first call.

    Raises:
        NoMongoDB: There is no Python that could, or the packages can't be installed.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = cache_dir() / f"mongodb-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes one installs, and the others wait
        made = folder / "bin" / "python"
        if not (folder / "installed").exists() or not _suits(str(made)):
            _make(folder, _found())
    return made


def _found() -> str:
    suiting = next((name for name in _candidates() if _suits(name)), None)
    if suiting is None:
        raise NoMongoDB(
            "Tests on MongoDB need Python 3.13 or newer with its venv module, beside the Python that runs the tests, "
            "and none was found on the PATH, in pyenv or in uv. Get one by `uv python install 3.13`, "
            "`pyenv install 3.13` or `apt-get install python3.13-venv`."
        )
    return suiting


def _candidates() -> Iterator[str]:
    home = Path.home()
    installed = [
        *Path(os.environ.get("PYENV_ROOT", home / ".pyenv")).glob("versions/3.1[3-9]*/bin/python"),
        *(home / ".local" / "share" / "uv" / "python").glob("cpython-3.1[3-9]*/bin/python3"),
    ]
    yield getattr(sys, "_base_executable", sys.executable)
    yield from ("python3.13", "python3.14", "python3")
    yield from map(str, sorted(installed))


def _suits(candidate: str) -> bool:
    path = shutil.which(candidate)
    # What pyenv puts on the PATH is there for versions that it doesn't have switched on, too.
    return path is not None and subprocess.run([path, "-c", _SUITS], capture_output=True).returncode == 0


def _make(folder: Path, base: str) -> None:
    print(f"Installing a MongoDB server into {folder}; this is done once ...", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for command in ([base, "-m", "venv", str(folder)], [*pip, "-r", str(REQUIREMENTS)]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise NoMongoDB(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout).strip()[-1000:]}")
    (folder / "installed").touch()


if __name__ == "__main__":
    try:
        python()
    except NoMongoDB as error:
        sys.exit(str(error))

"""Installs npm packages from a lock file, once, into the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config import cache_dir
from .errors import BackendError
from .node import Node, find_node

BACKEND = Path(__file__).parent / "npm"
_MANIFESTS = ("package.json", "package-lock.json")
_LIBRARIES = {
    "marcelle.js": "@marcellejs/core/dist/marcelle.bundle.esm.js",
    "marcelle.css": "@marcellejs/core/dist/marcelle.css",
    "echarts.js": "echarts/dist/echarts.esm.min.mjs",
    "uplot.js": "uplot/dist/uPlot.esm.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}


def install(source: Path = BACKEND, node: Node | None = None) -> Path:
    """Makes sure that the packages of a lock file are installed, and says so on stderr when it takes a while.

    The folder appears under its name when it is complete: an installation that was cut off leaves
    nothing that looks like one, and of two processes one installs and the other waits.

    Args:
        source: A folder with `package.json` and `package-lock.json`; by default those of the
            Marcelle backend and of Marcelle's bundle for pages.
        node: The Node.js whose npm is used; by default the one that is found.

    Returns:
        The folder that holds `node_modules`.

    Raises:
        BackendError: There is no Node.js, or npm failed; the message has npm's last words.
    """
    manifests = [(source / name).read_bytes() for name in _MANIFESTS]
    folder = folder_of(source)
    if folder.exists():
        return folder
    node = node or find_node()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock")):
        if not folder.exists():
            _install(manifests, folder, node)
    return folder


def folder_of(source: Path = BACKEND) -> Path:
    """Where the packages of a lock file are, once `install` was called."""
    manifests = [(source / name).read_bytes() for name in _MANIFESTS]
    digest = hashlib.sha256(b"\0".join(manifests)).hexdigest()[:16]
    return cache_dir() / f"npm-{digest}"


def bundle(name: str) -> Path:
    """A file that pages need of `@marcellejs/core`.

    Args:
        name: Its name in the package's `dist`: `marcelle.bundle.esm.js` or `marcelle.css`.

    Raises:
        BackendError: The packages can't be installed.
    """
    return install() / "node_modules" / "@marcellejs" / "core" / "dist" / name


def page_libraries() -> dict[str, Path]:
    """The libraries that pages load, by the names under which they are served beside a page.

    Raises:
        BackendError: The packages can't be installed.
    """
    modules = install() / "node_modules"
    return {name: modules.joinpath(*place.split("/")) for name, place in _LIBRARIES.items()}


def _install(manifests: list[bytes], folder: Path, node: Node) -> None:
    print(f"Installing Node packages into {folder}; this is done once ...", file=sys.stderr, flush=True)
    work = Path(tempfile.mkdtemp(prefix=".installing-", dir=folder.parent))
    try:
        for name, content in zip(_MANIFESTS, manifests, strict=True):
            (work / name).write_bytes(content)
        # No package in our lock files needs an install script, so none is given the chance to run.
        command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        # npm's own pauses between tries keep a user without a network waiting for over a minute.
        command += ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
        path = f"{Path(node.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        answer = subprocess.run(
            command,
            cwd=work,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if answer.returncode != 0:
            said = "\n".join((answer.stderr or answer.stdout).strip().splitlines()[:8])
            raise BackendError(
                "npm could not install the Marcelle backend's packages; nothing was left half-installed. "
                "Check that this machine reaches the npm registry (`npm ping`; behind a proxy set "
                f"HTTPS_PROXY), then run the same command again. npm said:\n{said}"
            )
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

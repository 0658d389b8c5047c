"""Installs npm packages from a lock file, once, into the user's cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config import cache_dir
from .errors import BackendError
from .node import Node, find_node
from .npm_ci import npm_ci

BACKEND = Path(__file__).parent / "npm"
_MANIFESTS = ("package.json", "package-lock.json")
_ROOM = 250e6  # bytes: the packages of a backend take 200 MB
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
        BackendError: There is no Node.js, the folder can't be written or has too little space, or npm failed; the
            message has npm's words.
    """
    manifests = [(source / name).read_bytes() for name in _MANIFESTS]
    folder = folder_of(source)
    if folder.exists():
        return folder
    node = node or find_node()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _install(manifests, folder, node)
    except OSError as error:
        raise BackendError(
            f"Node packages can't be installed into {folder.parent} ({error.strerror or error}). Set MARCELLE_RT_CACHE "
            "to a folder that can be written."
        ) from error
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
        BackendError: The packages can't be installed, or files of theirs are missing.
    """
    folder = install()
    libraries = {name: folder.joinpath("node_modules", *place.split("/")) for name, place in _LIBRARIES.items()}
    if not all(path.exists() for path in libraries.values()):
        raise damaged(folder)
    return libraries


def damaged(folder: Path) -> BackendError:
    """The error for packages of which files are missing: what is in a cache folder, cleaners may remove."""
    return BackendError(f"Files are missing in {folder}. Remove that folder, and it is installed anew: rm -r {folder}")


def _install(manifests: list[bytes], folder: Path, node: Node) -> None:
    free = shutil.disk_usage(folder.parent).free
    if free < _ROOM:
        raise BackendError(
            f"The packages take {_ROOM / 1e6:.0f} MB, and {folder.parent} has {free / 1e6:.0f} MB left. Free some "
            "space, or set MARCELLE_RT_CACHE to a folder that has it."
        )
    print(f"Installing Node packages into {folder}; this is done once ...", file=sys.stderr, flush=True)
    for left in folder.parent.glob(f".{folder.name}-*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in zip(_MANIFESTS, manifests, strict=True):
            (work / name).write_bytes(content)
        npm_ci(node, work)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another program is installing the Node packages; waiting for it ...", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""`marcelle-rt dashboard --eject`: the page as a project that a Marcelle author goes on from."""

from __future__ import annotations

import json
from pathlib import Path

from ..config import backend_location
from ..errors import MarcelleError
from .pages import PAGE

_PROJECT = Path(__file__).parent / "vite"
_NAMES = {"gitignore": ".gitignore"}  # a file of its own name would hide files of this package from git
_REPLACED = {"index.html", "main.js", "settings.js"}  # a page without a build step has others of them


def eject(folder: Path, location: str | None = None) -> Path:
    """Writes the dashboard's page as a Vite project; `@marcellejs/core` and the rest are dependencies in it.

    Args:
        folder: Where it is written; it is created where it is missing.
        location: The URL of the backend that the page shows; `None` for the default.

    Returns:
        The folder.

    Raises:
        MarcelleError: The folder is not empty, or can't be written to.
    """
    backend = backend_location(location)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise MarcelleError(
                f"{folder} is there already and is not an empty folder; give one that is empty, or new."
            )
        for name, content in _files(backend).items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    except OSError as error:
        reason = error.strerror or error
        raise MarcelleError(f"{folder} can't be written ({reason}); give a folder that you may write to.") from error
    return folder


def _files(backend: str) -> dict[str, bytes]:
    """The project's files by their names: the page's own under `src`, and what makes a project of them."""
    settings = f"// Which backend the page shows.\nexport const backend = {json.dumps(backend)};\n"
    page = {f"src/{name}": path for name, path in _found(PAGE).items() if name not in _REPLACED}
    project = {_NAMES.get(name, name): path for name, path in _found(_PROJECT).items()}
    read = {name: path.read_bytes() for name, path in {**page, **project}.items()}
    return {**read, "src/settings.js": settings.encode()}


def _found(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}

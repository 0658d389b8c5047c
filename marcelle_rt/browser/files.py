"""The files of the JavaScript module, and their way into a folder of a dashboard's sources."""

from __future__ import annotations

from pathlib import Path

from ..backend.packages import page_libraries
from ..errors import MarcelleError

_HERE = Path(__file__).parent
_MARCELLE = ("marcelle.js", "marcelle.css")
_ENTRY = ("marcelle-python.js", "marcelle-python.d.ts")


def browser_files() -> dict[str, Path]:
    """The module's files by their names beside a page, where `@marcellejs/core` is all that they import."""
    inner = sorted((_HERE / "marcelle-python").glob("*.js"))
    return {path.relative_to(_HERE).as_posix(): path for path in [*(_HERE / name for name in _ENTRY), *inner]}


def write_browser_files(folder: Path, with_marcelle: bool = False) -> list[Path]:
    """Writes the module beside a dashboard's sources; what an earlier version has written there is replaced.

    Args:
        folder: Where the dashboard's sources are; it is created where it is missing.
        with_marcelle: Write Marcelle itself too, for pages without a build step.

    Returns:
        The files, the one that is imported first.

    Raises:
        MarcelleError: They can't be written there, or Marcelle can't be installed.
    """
    libraries = page_libraries() if with_marcelle else {}
    marcelle = {name: path for name, path in libraries.items() if name in _MARCELLE}
    written = []
    for name, source in {**browser_files(), **marcelle}.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        except OSError as error:
            reason = error.strerror or error
            raise MarcelleError(
                f"{target} can't be written ({reason}); give a folder that you may write to."
            ) from error
        written.append(target)
    return written

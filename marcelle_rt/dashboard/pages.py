"""What the dashboard's page is made of, as a server gives it to a browser."""

from __future__ import annotations

import json
from pathlib import Path

from ..backend.packages import page_libraries

PAGE = Path(__file__).parent / "page"


def own_page() -> dict[str, Path]:
    """All that a backend needs to show the dashboard of itself: the page's files and the libraries that it loads.

    Raises:
        BackendError: The libraries can't be installed.
    """
    return {**page_libraries(), **_files()}


def _files() -> dict[str, Path]:
    return {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file()}


def page_files(backend_url: str = "") -> dict[str, Path | str]:
    """The files of the dashboard's page, by the names under which they are served.

    Args:
        backend_url: The backend that the page shows; empty: the server that the page comes from.
    """
    return {**_files(), "settings.js": f"export const backend = {json.dumps(backend_url)};\n"}

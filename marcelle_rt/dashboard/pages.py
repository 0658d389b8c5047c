"""What the dashboard's page is made of, as a server gives it to a browser."""

from __future__ import annotations

import json
from pathlib import Path

PAGE = Path(__file__).parent / "page"


def page_files(backend_url: str = "") -> dict[str, Path | str]:
    """The files of the dashboard's page, by the names under which they are served.

    Args:
        backend_url: The backend that the page shows; empty: the server that the page comes from.
    """
    files: dict[str, Path | str] = {
        path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file()
    }
    # Dumped JSON has no '<' that could end a script; this is a module of its own besides.
    return {**files, "settings.js": f"export const backend = {json.dumps(backend_url)};\n"}

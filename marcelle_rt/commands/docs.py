"""`marcelle-rt docs`: the documentation that a wheel brings along, in a browser."""

from __future__ import annotations

import difflib
import webbrowser
from pathlib import Path

from ..errors import MarcelleError

_PACKAGE = Path(__file__).parents[1]
PLACES = (_PACKAGE / "site", _PACKAGE.parent / "build" / "docs")
"""Where the pages are: in a wheel, and in a checkout that has built them."""


class NoSuchPage(MarcelleError):
    """Pages that are not there.

    Attributes:
        page: The page that was asked for.
    """

    def __init__(self, page: str, reason: str) -> None:
        self.page = page
        super().__init__(reason)


def open_docs(page: str, browse: bool) -> None:
    """Prints where a page is, and opens it.

    Args:
        page: Its name, without an ending.
        browse: Whether a browser is opened.

    Raises:
        NoSuchPage: There is no such page, or the documentation was not installed.
    """
    site = next((place for place in PLACES if (place / "index.html").is_file()), None)
    if site is None:
        raise NoSuchPage(
            page,
            "This installation has no documentation: of wheels, those that `scripts/wheel` builds bring it along. In a "
            "checkout, `scripts/docs` makes it; its sources are in docs/, to which the README links.",
        )
    names = {path.stem for path in site.glob("*.html")} - {"genindex", "search", "py-modindex"}
    name = page.removesuffix(".html").removesuffix(".md")
    if name not in names:
        similar = difflib.get_close_matches(name, names, 3, cutoff=0.5) or sorted(names)
        raise NoSuchPage(page, f"There is no page {page!r}; there are: {', '.join(similar)}")
    address = (site / f"{name}.html").as_uri()
    print(f"The documentation is at {address}", flush=True)
    if browse:
        webbrowser.open(address)

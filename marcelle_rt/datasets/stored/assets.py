"""Files that a page has put on the backend with `uploadAsset`."""

from __future__ import annotations

from urllib.parse import quote, unquote

from ...client.data_store import DataStore
from .unreadable import Unreadable


def read(store: DataStore, path: str) -> bytes:
    """Reads an asset.

    Args:
        store: The backend.
        path: Where it is, as documents have it: `/assets/<id>/<file>`, with or without the backend's URL before it.

    Raises:
        Unreadable: It leads somewhere else, or the upload that it comes from was refused.
        MarcelleError: What the backend or the line raised.
    """
    plain = path.removeprefix(store.location).lstrip("/")
    parts = [unquote(part) for part in plain.split("/")]
    if plain == "assets/undefined":
        raise Unreadable("was not uploaded: the backend refused the page's file, whose kind it does not allow")
    if len(parts) != 3 or parts[0] != "assets" or any(part in ("", ".", "..") or "/" in part for part in parts):
        raise Unreadable(f"is kept in a file that is not an asset of this backend: {path[:80]!r}")
    return store.http.download("/".join(quote(part) for part in parts))

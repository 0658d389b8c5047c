"""Every environment variable and every default, in one place.

| variable | what it sets |
|---|---|
| `MARCELLE_BACKEND` | the backend's URL where none is given |
| `MARCELLE_EMAIL`, `MARCELLE_PASSWORD` | the login at `MARCELLE_BACKEND` where none is given |
| `MARCELLE_TOKEN` | an access token for `MARCELLE_BACKEND` instead of a login |
| `MARCELLE_CA_BUNDLE` | a file with the certificates that an `https` backend's is checked by |
| `MARCELLE_RT_CACHE` | the folder where the backend's npm packages are installed |
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from .errors import InvalidData

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_BACKEND = "http://localhost:3030"
CA_BUNDLE = "MARCELLE_CA_BUNDLE"


class Login(NamedTuple):
    """Who signs in at a backend. Its `repr` hides the secrets."""

    email: str | None = None
    password: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"Login(email={self.email!r})"


def backend_location(location: str | None = None) -> str:
    """The backend's URL, without a trailing slash.

    Args:
        location: The URL, or `None` for `$MARCELLE_BACKEND`, or else `http://localhost:3030`.

    Raises:
        InvalidData: For what is no `http` or `https` URL with a host.
    """
    if location is None:
        location = os.environ.get("MARCELLE_BACKEND") or DEFAULT_BACKEND
    if not isinstance(location, str):
        raise InvalidData("location", location, "is no URL; write it like 'http://localhost:3030'")
    text = location.strip()
    if "@" in text:
        raise InvalidData(
            "location",
            f"...@{text.rsplit('@', 1)[1]}",
            "holds a login; give it as `email` and `password` instead, so that it isn't shown with the URL",
        )
    if "?" in text or "#" in text:  # what stands there may be a token
        shown = text.split("?")[0].split("#")[0]
        raise InvalidData("location", f"{shown}?...", "has a query or a fragment; write just the backend's root")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidData("location", location, f"is no URL ({error})") from None
    if parts.scheme not in ("http", "https"):
        guess = text.split("://", 1)[-1].lstrip("/") or "localhost:3030"
        raise InvalidData("location", location, f"has no http:// or https://; write 'http://{guess}'")
    if not host:
        raise InvalidData("location", location, "names no host; write it like 'http://localhost:3030'")
    return text.rstrip("/")


def is_this_machine(location: str) -> bool:
    """Whether a backend is at this machine's own address, which no proxy that the environment names can reach."""
    return urlsplit(location).hostname in LOOPBACK


def environment_login(location: str) -> Login:
    """The login that the environment gives for a backend.

    It is given away only to the backend that `$MARCELLE_BACKEND` names (or, where that is unset, to the
    default one), never to another server that a program happens to open.

    Args:
        location: The backend, as `backend_location` returns it.
    """
    if location != backend_location(None):
        return Login()
    get = os.environ.get
    return Login(get("MARCELLE_EMAIL"), get("MARCELLE_PASSWORD"), get("MARCELLE_TOKEN"))


def ca_bundle() -> str | None:
    """The file with the certificates to trust; `None` for those that this machine trusts."""
    return os.environ.get(CA_BUNDLE) or None


def cache_dir() -> Path:
    """The folder for what is installed once for all projects of a user."""
    if folder := os.environ.get("MARCELLE_RT_CACHE"):
        return Path(folder).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "marcelle_rt"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "marcelle_rt"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "marcelle_rt"

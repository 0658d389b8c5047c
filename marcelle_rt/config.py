"""Every environment variable and every default, in one place.

| variable | what it sets |
|---|---|
| `MARCELLE_BACKEND` | the backend's URL where none is given |
| `MARCELLE_EMAIL`, `MARCELLE_PASSWORD` | the login at `MARCELLE_BACKEND` where none is given |
| `MARCELLE_TOKEN` | an access token for `MARCELLE_BACKEND` instead of a login |
| `MARCELLE_CA_BUNDLE` | a file with the certificates that an `https` backend's is checked by |
| `MARCELLE_MODE` | what a `Writer` does: `online`, `offline` (the folder alone, no network) or `disabled` (nothing) |
| `MARCELLE_LOG_DIR` | the folder that gets the runs' folders, where `base_log_dir` is left at `marcelle-logs` |
| `MARCELLE_FINISH_TIMEOUT` | seconds that a run's end waits for the backend, where `finish_timeout` is left at 60 |
| `MARCELLE_SILENT` | no warnings and no progress bars, unless it is empty, `0` or `false`; the log stays |
| `MARCELLE_WEBHOOK` | the URL that alerts are posted to; a secret, because who has it can post there |
| `MARCELLE_ALLOW_ORIGIN` | the origins of web pages that a launched backend lets in, beside this machine's own |
| `MARCELLE_RT_CACHE` | the folder where the backend's npm packages are installed |

Where `MARCELLE_MODE` is not set, a `Writer` is `online`, but `disabled` in all processes of a distributed training
but the first. Whether it is one is told by `torch.distributed` where that is initialized, or else by what starts it:
`RANK` with `WORLD_SIZE` or `LOCAL_RANK` (torchrun), `OMPI_COMM_WORLD_RANK`, `PMIX_RANK`, `PMI_RANK` (MPI),
`SLURM_PROCID` with `SLURM_NTASKS` above 1, and `LOCAL_RANK` or `NODE_RANK` above 0 alone (Lightning).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .errors import InvalidData

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULT_BACKEND = "http://localhost:3030"
CA_BUNDLE = "MARCELLE_CA_BUNDLE"
DEFAULT_LOG_DIR = "marcelle-logs"
FINISH_TIMEOUT = 60.0  # seconds
_LONGEST_WAIT = 1e6  # seconds; a platform's own limit may be not much above it
MODES = ("online", "offline", "disabled")


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
        InvalidData: If it is not an `http` or `https` URL with a host.
    """
    if location is None:
        location = os.environ.get("MARCELLE_BACKEND") or DEFAULT_BACKEND
    if not isinstance(location, str):
        raise InvalidData("location", location, "is not a URL; use for example 'http://localhost:3030'")
    text = location.strip()
    if "@" in text:
        raise InvalidData(
            "location",
            f"...@{text.rsplit('@', 1)[1]}",
            "holds a login; give it as `email` and `password` instead, so that it is not shown with the URL",
        )
    if "?" in text or "#" in text:  # what stands there may be a token
        shown = text.split("?")[0].split("#")[0]
        raise InvalidData("location", f"{shown}?...", "has a query or a fragment; give just the backend's root")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidData("location", location, f"is not a URL ({error})") from None
    if parts.scheme not in ("http", "https"):
        guess = text.split("://", 1)[-1].lstrip("/") or "localhost:3030"
        raise InvalidData("location", location, f"has no http:// or https://; use 'http://{guess}'")
    if not host:
        raise InvalidData("location", location, "names no host; use for example 'http://localhost:3030'")
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


def mode() -> str:
    """What a `Writer` of this process does: `"online"`, `"offline"` or `"disabled"`.

    Raises:
        InvalidData: If `$MARCELLE_MODE` is something else.
    """
    value = os.environ.get("MARCELLE_MODE", "").strip().lower()
    if value and value not in MODES:
        raise InvalidData("MARCELLE_MODE", value, "is not a mode; use 'online', 'offline' or 'disabled'")
    return value or ("online" if rank() == 0 else "disabled")


def rank() -> int:
    """This process's rank in a distributed training; 0 for the first, and outside of one."""
    torch = sys.modules.get("torch.distributed")  # who has not imported it has not initialized it
    if torch is not None and torch.is_available() and torch.is_initialized():
        return int(torch.get_rank())
    get = os.environ.get
    texts = [
        get("RANK") if get("WORLD_SIZE") or get("LOCAL_RANK") else None,
        get("OMPI_COMM_WORLD_RANK"),
        get("PMIX_RANK"),
        get("PMI_RANK"),
        get("SLURM_PROCID") if _number(get("SLURM_NTASKS")) > 1 else None,
    ]
    known = next((_number(text) for text in texts if text), None)
    # Lightning gives the processes that it starts just these two, and all of them are not the first.
    return known if known is not None else _number(get("NODE_RANK")) or _number(get("LOCAL_RANK"))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def log_dir(base: str | os.PathLike[str]) -> Path:
    """The folder of runs, absolute: what was given, or `$MARCELLE_LOG_DIR` where that was the default.

    Raises:
        InvalidData: When it is not a path.
    """
    if not isinstance(base, (str, os.PathLike)):
        raise InvalidData("base_log_dir", base, f"is not a folder; use for example {DEFAULT_LOG_DIR!r}")
    folder = os.environ.get("MARCELLE_LOG_DIR")
    return absolute(folder if folder and os.fspath(base) == DEFAULT_LOG_DIR else base)


def run_name(name: Any) -> str:
    """The base name of runs, which may be a path.

    Raises:
        InvalidData: When it is empty, or not text.
    """
    name = os.fspath(name) if isinstance(name, os.PathLike) else name
    if not isinstance(name, str):
        raise InvalidData("name", name, "is not text; give the runs a name, such as 'digits'")
    if not name.strip():
        raise InvalidData("name", name, "is empty; give the runs a name, such as 'digits'")
    return name


def framework(name: Any) -> str:
    """The name of a framework, as a run's document has it.

    Raises:
        InvalidData: When it is not text.
    """
    if not isinstance(name, str):
        raise InvalidData("source", name, "is not text; use a framework's name, such as 'pytorch'")
    return name


def absolute(path: str | os.PathLike[str]) -> Path:
    """A path that stays the same when the program changes its directory, with `~` as the user's home."""
    try:
        return Path(path).expanduser().absolute()
    except (OSError, RuntimeError):  # the working directory was removed; or nobody knows where home is
        return Path(path)


def finish_timeout(seconds: float) -> float:
    """How long the end of a run waits: what was given, or `$MARCELLE_FINISH_TIMEOUT` where that was the default.

    Raises:
        InvalidData: When it is not a number of seconds.
    """
    text = os.environ.get("MARCELLE_FINISH_TIMEOUT", "").strip()
    name, value = (
        ("MARCELLE_FINISH_TIMEOUT", text) if text and seconds == FINISH_TIMEOUT else ("finish_timeout", seconds)
    )
    return seconds_of(name, value, text=name.isupper())


def seconds_of(name: str, value: Any, *, text: bool = False) -> float:
    """A number of seconds that can be waited for.

    Args:
        name: What gave it.
        value: The number.
        text: It may be written as text, as in the environment.

    Raises:
        InvalidData: When it is not a number of seconds.
    """
    try:
        number = float(value) if text or not isinstance(value, str) else -1.0
    except (TypeError, ValueError):
        number = -1.0
    if not number >= 0:
        raise InvalidData(name, value, "is not a number of seconds; use 0 or more")
    return min(number, _LONGEST_WAIT)


def webhook() -> str | None:
    """The URL that alerts are posted to, or `None`. Never show it."""
    return os.environ.get("MARCELLE_WEBHOOK", "").strip() or None


def allowed_origins(origins: Iterable[str] | None = None) -> list[str]:
    """The origins of web pages that may use a backend, as browsers write them.

    Args:
        origins: Origins such as `"https://lab.example.org"`; `None` for those of
            `$MARCELLE_ALLOW_ORIGIN`, separated by blanks.

    Raises:
        InvalidData: For what is not the origin of a page.
    """
    if origins is None:
        origins = os.environ.get("MARCELLE_ALLOW_ORIGIN", "").split()
    elif isinstance(origins, str):
        origins = [origins]
    return [_origin(text) for text in origins]


def _origin(text: str) -> str:
    if not isinstance(text, str):
        raise InvalidData("allow_origin", text, "is not an origin; use for example 'https://lab.example.org'")
    if text.strip() == "null":  # every site can open a frame that has this origin
        problem = "would let every web page in; serve the page over http instead, for example by: python -m http.server"
        raise InvalidData("allow_origin", text, problem)
    if text.strip() == "*":
        raise InvalidData("allow_origin", text, "would let every web page in; name the pages that may")
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidData("allow_origin", text, f"is not an origin ({error})") from None
    whole = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not parts.scheme or not host or not whole or "*" in host:
        raise InvalidData(
            "allow_origin",
            text,
            "is not an origin; give scheme, host and port only, for example 'https://lab.example.org'",
        )
    name = f"[{host}]" if ":" in host else host.encode("idna").decode() if not host.isascii() else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, default) else "")


def silent() -> bool:
    """Whether nothing is to be shown, but in the log."""
    return os.environ.get("MARCELLE_SILENT", "").strip().lower() not in ("", "0", "false")


def cache_dir() -> Path:
    """The folder for what is installed once for all projects of a user.

    Raises:
        InvalidData: None is named, and the user has no home, as in some containers.
    """
    if folder := os.environ.get("MARCELLE_RT_CACHE"):
        return absolute(folder)
    try:
        return _users_caches() / "marcelle_rt"
    except RuntimeError:
        problem = "is not a folder, and this user has no home; set it to one that can be written"
        raise InvalidData("MARCELLE_RT_CACHE", None, problem) from None


def _users_caches() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def wants_keras_2() -> bool:
    """Whether `tf.keras` is Keras 2 here, of the package tf_keras: `TF_USE_LEGACY_KERAS` is TensorFlow's own switch."""
    return os.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")

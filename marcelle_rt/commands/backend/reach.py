"""What `marcelle-rt doctor` finds about who can reach a backend, and its data. It only asks and looks."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from ...backend.reach import own_addresses
from ...config import is_this_machine
from .. import http
from ..checks import Check

STRANGER = "stranger.invalid"
"""A host that never is anybody's."""

_TIMEOUT = 3.0  # seconds
_LIMIT = 1_000_000  # bytes
_PROC = Path("/proc")
_LISTENS = "0A"


def guard(location: str) -> Check:
    """Whether web pages of anybody may use a backend, or those that give their own name to this machine."""
    mend = "Any web page may read and change what it has. `marcelle-rt backend` of this version starts a guarded one."
    found = []
    with suppress(OSError):  # refused by closing the line is refused, too
        answer = http.get(location, timeout=_TIMEOUT, headers={"Origin": f"https://{STRANGER}"})
        if answer.headers["Access-Control-Allow-Origin"] in ("*", f"https://{STRANGER}"):
            found.append("answers pages of any origin")
    if location.startswith("http:"):
        with suppress(OSError):
            if http.info(http.get(location, timeout=_TIMEOUT, headers={"Host": STRANGER})) is not None:
                found.append("goes by any name")
    if found:
        return Check("guard", "note", f"it has none: it {' and '.join(found)}", mend)
    return Check("guard", "ok", "pages of strangers are refused")


def reach(location: str, asks_for_login: bool) -> Check:
    """Whether others than this machine reach a backend, and need a login then."""
    parts = urlsplit(location)
    outside = None
    if not is_this_machine(location):
        outside = parts.hostname
    elif parts.scheme == "http":
        outside = next((host for host in own_addresses() if _answers(host, parts.port or 80)), None)
    if outside is None:
        return Check("reach", "ok", "this machine alone reaches it")
    if asks_for_login:
        return Check("reach", "ok", f"other machines reach it at {outside}, and need a login")
    mend = "Start it with --auth, or without --host, if not all who reach it may change what is there."
    return Check("reach", "note", f"other machines reach it at {outside}, and need no login", mend)


def data(location: str) -> Check | None:
    """Whether other users of this machine can read the data of a backend of ours; `None` where it is not known."""
    parts = urlsplit(location)
    folder = _data_of(parts.port or 80) if is_this_machine(location) else None
    if folder is None:
        return None
    try:
        mode = folder.stat().st_mode
    except OSError:  # it was removed meanwhile
        return None
    if stat.S_IMODE(mode) & 0o077:
        mend = f"Close it: chmod -R go= {folder} (a start with --auth does so)."
        return Check("data", "note", f"other users of this machine can read {folder}", mend)
    return Check("data", "ok", f"{folder} is closed to other users")


def _answers(host: str, port: int) -> bool:
    """Whether a backend answers at an address that is not a loopback one."""
    if host.startswith(("127.", "fe80:")) or host == "::1":
        return False
    try:
        # Without the proxies of the environment, which are not for this machine's own addresses.
        with closing(HTTPConnection(host, port, timeout=_TIMEOUT)) as line:
            line.request("GET", "/info")
            return "services" in json.loads(line.getresponse().read(_LIMIT))
    except (OSError, HTTPException, ValueError):
        return False


def _data_of(port: int) -> Path | None:
    """The data folder of the backend of this user that listens on a port, as Linux tells it."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    if not sockets:
        return None
    for process in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # not ours, or it has ended
            if process.stat().st_uid != os.geteuid():
                continue
            if any(os.readlink(fd) in sockets for fd in (process / "fd").iterdir()):
                return _configured(process)
    return None


def _listening(port: int) -> Iterator[str]:
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _configured(process: Path) -> Path | None:
    """The folder that a process was given for its databases, or rather the one around it."""
    for entry in (process / "environ").read_bytes().split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name == b"NODE_CONFIG":
            try:
                return Path(json.loads(value)["nedb"]).parent
            except (ValueError, KeyError, TypeError):
                return None
    return None

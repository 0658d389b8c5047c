"""Habits of the source: who makes events, who writes state, why an `except` is broad, and what "pure" means."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeVar

from tests.support.imports import IMPURE, SOURCES, imported, name_of

Node = TypeVar("Node", bound=ast.AST)

TREES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}

WAYS_BY_NAME = {
    *("__init__.py", "monitor/__init__.py"),  # what is public, by its name
    *("callbacks/lightning.py", "commands/export.py", "datasets/files/tables.py", "models/disk.py"),  # other packages
    "serving/definition.py",  # a module of the user's
}
"""Who imports a module by a name that is known only when it runs."""


def nodes(kind: type[Node]) -> Iterator[tuple[str, Node]]:
    """Everything of a kind, with its file's name."""
    for name, tree in TREES.items():
        yield from ((name, node) for node in ast.walk(tree) if isinstance(node, kind))


def written_in(tree: ast.AST) -> set[str]:
    """The attributes that are assigned in a part of the source."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


def test_the_package_imports_from_the_file_that_defines_a_thing_and_not_from_its_face() -> None:
    # The interactive demo's sketches are a program as users write them.
    users = {
        name_of(path) for path in SOURCES if any(re.fullmatch(r"marcelle_rt\.[A-Z]\w+", x) for x in imported(path))
    }
    assert users <= {"demo/interactive/sketches.py"}


def test_only_modules_of_others_are_imported_by_a_name_that_is_known_when_it_runs() -> None:
    users = {
        name for name, node in nodes(ast.Call) if re.search(r"\b(import_module|__import__)$", ast.unparse(node.func))
    }
    assert users == WAYS_BY_NAME, "a statement is what tests/test_house.py can see"


def test_events_are_made_in_one_place() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, node in nodes(ast.Dict)
        if name.startswith("runs/") and any(isinstance(key, ast.Constant) and key.value == "type" for key in node.keys)
    ]
    elsewhere = [place for place in found if not place.startswith("runs/document/events.py")]
    assert elsewhere == [], "use the makers of runs/document/events.py"
    assert found != elsewhere


def test_the_journals_file_is_named_in_one_place() -> None:
    users = {name for name, node in nodes(ast.Constant) if node.value == "journal.jsonl"}
    assert users == {"runs/folder/journal.py"}, "read it by its `read` and `replay`"


def test_a_state_has_one_writer() -> None:
    """What a class's table tells of is set by the class alone, and what `_enter` sets, by `_enter` alone."""
    tabled: set[str] = set()
    for _, node in nodes(ast.ClassDef):
        if "| written by |" in (text := ast.get_docstring(node) or ""):
            rows = re.findall(r"^\| (`[^|]*)\|", text, re.MULTILINE)
            tabled |= {name for row in rows for name in re.findall(r"`(\w+)`", row)} & written_in(node)
        methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        if enter := methods.pop("_enter", None):
            methods.pop("__init__")
            assert {name for name, part in methods.items() if written_in(part) & written_in(enter)} == set(), node.name
    assert len(tabled) > 20
    from_outside = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, node in nodes(ast.Attribute)
        if isinstance(node.ctx, ast.Store) and node.attr in tabled and ast.unparse(node.value) != "self"
    ]
    assert from_outside == []


def test_a_broad_except_says_why_or_raises() -> None:
    silent = []
    for path in SOURCES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(TREES[name_of(path)]):
            if not isinstance(node, ast.ExceptHandler):
                continue
            is_broad = node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type))
            says = any("#" in line for line in lines[node.lineno - 2 : node.end_lineno])
            if is_broad and not says and not any(isinstance(part, ast.Raise) for part in ast.walk(node)):
                silent.append(f"{name_of(path)}:{node.lineno}")
    assert silent == [], "say in a comment why it is broad"


def test_what_calls_itself_pure_knows_no_clock_no_thread_and_no_file() -> None:
    pure = [path for path in SOURCES if re.search(r"\bPure\b", ast.get_docstring(TREES[name_of(path)]) or "")]
    assert len(pure) > 30
    assert {(name_of(p), x) for p in pure for x in imported(p) if x.split(".")[0] in IMPURE} == set()

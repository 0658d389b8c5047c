"""The house rules of the source: who may import whom, what is imported when, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "marcelle_rt"
SOURCES = sorted(PACKAGE.rglob("*.py"))
ALL_SOURCES = [*SOURCES, *sorted(Path(__file__).parent.rglob("*.py"))]

GROUND = {"errors", "values", "config", "notices"}
"""What every room may stand on."""

ROOMS = {
    "client": GROUND,
    "models": GROUND,
    "runs": GROUND | {"client", "models", "utils"},
    "datasets": GROUND | {"client", "models"},
    "backend": GROUND,
    "dashboard": GROUND | {"client", "runs", "backend"},
    "commands": GROUND | {"client", "datasets", "runs", "monitor", "backend"},
    "monitor": GROUND | {"client", "runs"},
}
"""The rooms whose imports are bounded, and which others of ours they may import."""

HEAVY = ("tensorflow", "keras", "numpy", "requests", "socketio", "engineio", "pandas", "orjson", "rich", "typer")

HOMES = {
    "socketio": {"client/socket/transport.py"},
    "engineio": {"client/socket/transport.py"},
    "requests": {"client/rest/http.py"},
    "requests_toolbelt": {"client/rest/uploads.py"},
    "psutil": {"runs/training/system_metrics.py"},
    "pynvml": {"runs/training/system_metrics.py"},
    "typer": {"cli.py", "commands/completion.py"},
    "rich": {"commands/", "monitor/", "runs/alerts/alert.py"},
    "keras": {"models/", "callbacks/keras.py", "utils.py", "demo/train.py"},
    "PIL": {"datasets/images.py"},
    "tensorflow": {"models/", "datasets/frameworks.py", "callbacks/keras.py", "utils.py"},
}
"""The only places that may import a library."""


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The absolute names of the modules that a file imports, and whether importing the file imports them too."""
    package = ["marcelle_rt", *path.relative_to(PACKAGE).parts[:-1]]

    def visit(node: ast.AST, at_once: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, at_once
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                module = ".".join([*base, *([child.module] if child.module else [])])
                yield module, at_once
                for alias in child.names:
                    yield f"{module}.{alias.name}", at_once
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            else:
                in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from visit(child, at_once and not in_function)

    return visit(ast.parse(path.read_text()), True)


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = ROOMS[room] | {room}
    files = [path for path in SOURCES if name_of(path).startswith(f"{room}/")]
    assert files

    strangers = {
        (name_of(path), module)
        for path in files
        for module, _ in imports(path)
        if module.startswith("marcelle_rt.") and module.split(".")[1] not in allowed
    }

    assert strangers == set()


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_known_to_its_own_files_alone(library: str) -> None:
    users = {name_of(path) for path in SOURCES for module, _ in imports(path) if module.split(".")[0] == library}

    assert {name for name in users if not name.startswith(tuple(HOMES[library]))} == set()
    assert users, f"nothing imports {library}"


def test_the_pure_files_import_nothing_of_ours_but_each_other() -> None:
    pure = {name_of(path) for path in SOURCES if "runs/document/" in name_of(path)} | {"values.py", "errors.py"}
    ours = {f"marcelle_rt.{name.removesuffix('.py').replace('/', '.')}" for name in pure}
    strangers = {
        (name, module)
        for name in pure
        for module, _ in imports(PACKAGE / name)
        if module.startswith("marcelle_rt.") and not any(module.startswith(own) for own in ours)
    }

    assert strangers == set()


def test_what_a_run_is_knows_no_clock_no_thread_and_no_file() -> None:
    impure = {"os", "io", "time", "datetime", "threading", "queue", "socket", "subprocess", "tempfile", "shutil"}
    files = [path for path in SOURCES if name_of(path).startswith("runs/document/")]
    assert files

    users = {(name_of(path), module) for path in files for module, _ in imports(path) if module.split(".")[0] in impure}

    assert users == set()


@pytest.mark.parametrize("path", ALL_SOURCES, ids=lambda path: path.relative_to(PACKAGE.parent).as_posix())
def test_a_file_stays_under_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, marcelle_rt; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name.split(".")[0] for name in answer.stdout.split()}

    assert loaded & set(HEAVY) == set()
    assert "marcelle_rt" in loaded

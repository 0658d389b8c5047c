"""The house rules of the source: who may import whom, what is imported when, and how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.imports import IMPURE, PACKAGE, SOURCES, arrows, imported, module_of, name_of

ROOT = PACKAGE.parent

ALL_SOURCES = [*SOURCES, *(path for name in ("tests", "benchmarks") for path in (ROOT / name).rglob("*.py"))]

GROUND = {
    *("cards.py", "chance.py", "config.py", "errors.py", "foreign.py", "formats.py"),
    *("notices.py", "processes/", "redaction/", "values.py"),
}
"""What every room but the pure ones may stand on."""

RUNS = {"runs/document/", "runs/folder/", "runs/training/", "runs/remote/", "runs/sync/", "runs/alerts/"}

ROOMS = {
    "errors.py": {"foreign.py"},
    "values.py": {"errors.py", "foreign.py"},
    "config.py": {"errors.py"},
    "foreign.py": set(),
    "cards.py": {"foreign.py"},
    "chance.py": set(),
    "redaction/": set(),
    "formats.py": {"errors.py"},
    "notices.py": {"config.py", "foreign.py", "redaction/"},
    "processes/": {"notices.py"},
    "utils.py": GROUND,
    "client/": GROUND,
    "models/": GROUND,
    "datasets/stored/": GROUND | {"client/"},
    "datasets/files/": GROUND | {"datasets/stored/"},
    "datasets/": GROUND | {"client/", "datasets/files/", "datasets/stored/"},
    "backend/": GROUND,
    "runs/document/": {"errors.py", "values.py"},
    "runs/folder/": GROUND | {"runs/document/"},
    "runs/training/": GROUND | {"models/", "runs/document/", "runs/folder/", "utils.py"},
    "runs/remote/": GROUND | {"client/", "models/", "runs/document/"},
    "runs/sync/": GROUND | {"client/", "models/", "runs/document/", "runs/folder/", "runs/remote/", "runs/training/"},
    "runs/alerts/": GROUND | {"client/", "runs/document/", "runs/training/"},
    "runs/recording/": GROUND | RUNS,
    "runs/uploader.py": GROUND | RUNS | {"client/", "models/"},
    "runs/writer.py": GROUND | RUNS | {"models/", "runs/recording/"},
    "runs/": set(),
    "callbacks/": GROUND | {"runs/remote/", "runs/training/", "runs/writer.py", "utils.py"},
    "serving/": GROUND
    | {"callbacks/", "client/", "datasets/", "datasets/stored/", "runs/document/", "runs/remote/", "runs/training/"}
    | {"runs/writer.py"},
    "monitor/": GROUND | {"client/", "runs/document/", "runs/folder/", "runs/remote/", "runs/training/"},
    "monitor/notebook/": GROUND | {"client/", "monitor/"},
    "monitor/terminal/": GROUND | {"client/", "monitor/"},
    "monitor/live.py": GROUND | {"client/", "monitor/", "monitor/notebook/", "monitor/terminal/"},
    "monitor/__init__.py": {"monitor/", "monitor/live.py"},
    "commands/": GROUND
    | RUNS
    | {"backend/", "client/", "datasets/", "monitor/", "monitor/live.py", "monitor/terminal/", "runs/uploader.py"}
    | {"serving/"},
    "browser/": GROUND | {"backend/"},
    "dashboard/": GROUND | RUNS | {"backend/", "client/", "runs/uploader.py"},
    "demo/": GROUND | {"backend/", "browser/", "callbacks/", "client/", "dashboard/", "runs/writer.py"},
    "cli_arguments.py": GROUND,
    "cli_backend.py": {"backend/", "cli_arguments.py", "cli_suggestions.py", "commands/", "dashboard/"},
    "cli_dataset.py": {"cli_arguments.py", "commands/"},
    "cli_serving.py": {"cli_arguments.py", "commands/"},
    "cli_runs.py": GROUND | {"cli_arguments.py", "cli_suggestions.py", "commands/"},
    "cli_suggestions.py": set(),
    "cli.py": GROUND
    | {"cli_arguments.py", "cli_backend.py", "cli_dataset.py", "cli_runs.py", "cli_serving.py", "cli_suggestions.py"}
    | {"browser/", "commands/", "dashboard/", "demo/"},
    "__main__.py": {"cli.py"},
}
"""Which other rooms the files of each may import. A file belongs to the longest name that its path begins with."""

PURE = ("runs/document/", "values.py", "errors.py")

OWED: set[tuple[str, str]] = set()
"""Imports that the rules forbid and that are still there. None may be added, and what is gone is taken out."""

OVERFULL: set[str] = set()
"""Folders with too many files, that are still to be divided."""

HEAVY = (
    *("tensorflow", "keras", "torch", "numpy", "pandas", "orjson", "rich", "typer"),
    *("requests", "socketio", "engineio"),
)

HOMES = {
    "socketio": {"client/socket/transport.py"},
    "engineio": {"client/socket/transport.py"},
    "requests": {"client/rest/http.py", "client/rest/proxies.py"},
    "requests_toolbelt": {"client/rest/uploads.py"},
    "psutil": {"runs/training/system_metrics.py"},
    "pynvml": {"runs/training/system_metrics.py"},
    "random": {"chance.py"},  # the global generator is the user's
    "typer": {
        "cli.py",
        "cli_arguments.py",
        "cli_backend.py",
        "cli_dataset.py",
        "cli_serving.py",
        "cli_runs.py",
        "cli_suggestions.py",
        "commands/completion.py",
    },
    "rich": {"commands/", "monitor/", "runs/alerts/alert.py"},
    "keras": {"models/", "callbacks/keras.py", "utils.py", "demo/train.py", "demo/interactive/sketches.py"},
    "distributed": {"serving/executors/dask.py"},
    "ray": {"serving/executors/ray.py"},
    "PIL": {"datasets/stored/images.py", "runs/training/pictures.py"},
    "onnxscript": {"models/torch_modules/export.py"},
    "simplejpeg": {"datasets/stored/images.py"},
    "transformers": {"callbacks/huggingface.py"},
    "xgboost": {"callbacks/xgboost.py"},
    "tensorflow": {"models/", "datasets/frameworks.py", "callbacks/keras.py", "utils.py"},
}
"""The only places that may import a library."""


def room_of(name: str) -> str | None:
    """The room that a file belongs to; the package's own `__init__.py`, which names what is public, has none."""
    return max((room for room in ROOMS if name.startswith(room)), key=len, default=None)


def test_every_file_is_in_a_room_and_every_room_has_a_file() -> None:
    rooms = {name_of(path): room_of(name_of(path)) for path in SOURCES}

    assert [name for name, room in rooms.items() if room is None] == ["__init__.py"]
    assert set(rooms.values()) - {None} == set(ROOMS)


def test_a_room_imports_only_what_it_may() -> None:
    strangers = {
        (name, other)
        for name, others in arrows().items()
        for other in others
        if (room := room_of(name)) is not None and other != "__init__.py" and room_of(other) not in {room, *ROOMS[room]}
    }

    assert strangers == OWED, "move the code down to where it may stand, or give the room a row in ROOMS and say why"


def test_the_rooms_are_floors_and_no_file_is_in_a_circle() -> None:
    TopologicalSorter(ROOMS).prepare()
    files = {
        name: {other for other in others if (name, other) not in OWED and other != "__init__.py"}
        for name, others in arrows().items()
    }
    try:
        TopologicalSorter(files).prepare()
    except CycleError as error:
        pytest.fail(" > ".join(error.args[1]))


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_known_to_its_own_files_alone(library: str) -> None:
    users = {name_of(path) for path in SOURCES for module in imported(path) if module.split(".")[0] == library}

    assert {name for name in users if not name.startswith(tuple(HOMES[library]))} == set()
    assert users, f"nothing imports {library}"


def test_what_is_pure_knows_no_clock_no_thread_and_no_file() -> None:
    files = [path for path in SOURCES if name_of(path).startswith(PURE)]
    users = {(name_of(path), module) for path in files for module in imported(path) if module.split(".")[0] in IMPURE}

    assert users == set()
    # `values.py` cleans paths and dates of others, and reads the clock for `iso()`.
    beyond = {name_of(path) for path in files for name in imported(path) if name.split(".")[0] in ("os", "datetime")}
    assert beyond <= {"values.py"}
    assert not [name_of(path) for path in files if "open(" in path.read_text(encoding="utf-8")]


def test_a_file_stays_under_400_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ALL_SOURCES}

    assert {path: length for path, length in lengths.items() if length >= 400} == {}, "it has two ideas: divide it"


def test_a_folder_stays_under_20_files_and_the_one_of_runs_under_10() -> None:
    # An `__init__.py` that says in a line what a folder is about is no file to find one's way through.
    counts = Counter(path.parent for path in ALL_SOURCES if path.name != "__init__.py")

    assert {str(folder.relative_to(ROOT)) for folder, count in counts.items() if count >= 20} == OVERFULL, (
        "give what belongs together a folder of its own"
    )
    assert sum(1 for _ in (PACKAGE / "runs").glob("[!_]*")) < 10


def test_what_tests_benchmarks_and_scripts_import_of_the_package_is_there() -> None:
    """Also where it is imported within a function that only the soak or a benchmark calls."""
    modules = {module_of(path): path for path in SOURCES}
    places = [path for name in ("tests", "benchmarks", "scripts", "examples") for path in (ROOT / name).rglob("*.py")]
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in places
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (module := node.module or "").startswith("marcelle_rt")
        and not node.level
        for name in (f"{module}.{alias.name}" for alias in node.names)
        if name not in modules and not (module in modules and defines(modules[module], name.rpartition(".")[2]))
    ]

    assert missing == []


def defines(path: Path, name: str) -> bool:
    """Whether a file of the package has a name; its face has those that it gives lazily."""
    word = re.compile(rf"\b{name}\b")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        node.name == name if isinstance(node, ast.ClassDef | ast.FunctionDef) else word.search(ast.unparse(node))
        for node in tree.body
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, marcelle_rt; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name.split(".")[0] for name in answer.stdout.split()}

    assert loaded & set(HEAVY) == set()
    assert "marcelle_rt" in loaded


def test_the_ways_that_contributing_draws_are_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z]\w+)(?:\.(\w+))?`", guide.split("## The house")[1].split("## The rules")[0]))

    assert len(named) > 25
    assert {owner for owner, _ in named if not re.search(rf"^class {owner}\b", source, re.MULTILINE)} == set()
    assert {name for _, name in named if name and not re.search(rf"^    def {name}\(", source, re.MULTILINE)} == set()

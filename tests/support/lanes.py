"""Which tests are fast: those that need no Node.js, no browser and none of the heavy libraries.

Nobody marks them. A test is not fast when a fixture that it uses, however deep, is one of `SLOW_FIXTURES`, when its
file imports one of `HEAVY` anywhere, or when something of ours that the file imports does so at once. What this
overlooks fails in `pytest --fast`, where these libraries can't be imported and these fixtures refuse.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import marcelle_rt
from marcelle_rt.backend.process import NodeProcess

ROOT = Path(__file__).parents[2]

SLOW_FIXTURES = {"node", "browser", "model"}
"""What each fixture with a backend, another server, a page or a Keras model stands on."""

HEAVY = {
    "av",
    "distributed",
    "jax",
    "jupyter_client",
    "jupyterlab",
    "keras",
    "onnx",
    "onnxruntime",
    "playwright",
    "sklearn",
    "sphinx",
    "tensorboardX",
    "tensorflow",
    "tensorflowjs",
    "tf2onnx",
    "tf_keras",
}
"""Libraries that the extra `test` leaves out."""

_WAY = (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Call, ast.Attribute)
"""What leads to an import, or to a call of `importorskip`; to walk through all that a file has takes as long again."""


class Refusal:
    """Finds the heavy libraries before anybody else does, and refuses them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in HEAVY:
            raise ModuleNotFoundError(f"{name} can't be imported by a fast test; see tests/support/lanes.py", name=name)
        return None


def refuse_what_is_heavy() -> None:
    """From here on this process has no Node.js and none of the heavy libraries, installed or not."""
    sys.meta_path.insert(0, Refusal())  # type: ignore[arg-type]
    NodeProcess.__init__ = _refuse_node  # type: ignore[method-assign]


def _refuse_node(*args: object, **options: object) -> None:
    raise AssertionError("a fast test can't start Node.js; one that needs it has the fixture `node`")


def is_fast(file: Path, fixtures: Iterable[str] = ()) -> bool:
    """Whether a test, or all that a file has, needs nothing heavy.

    Args:
        file: The test's file.
        fixtures: All fixtures that the test uses, those of its fixtures included.
    """
    return not SLOW_FIXTURES.intersection(fixtures) and not any(
        name in HEAVY or _is_heavy(name) for name in _imports(file, everywhere=True)
    )


@cache
def _is_heavy(module: str) -> bool:
    """Whether importing a module of ours imports a heavy library, at once."""
    file = _file_of(module)
    return file is not None and any(
        name in HEAVY or _is_heavy(name) for name in _imports(file, everywhere=False) if name != module
    )


def _file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


@cache
def _imports(file: Path, everywhere: bool) -> tuple[str, ...]:
    """The modules of ours, and the libraries' first names, that a file imports: everywhere in it, or at once."""
    return tuple(_names(ast.parse(file.read_text(encoding="utf-8")), everywhere))


def _names(tree: ast.AST, everywhere: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (_shortened(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # tests import absolutely; in the package, a relative import never leads to a heavy library at once
            if node.module and not node.level:
                yield _shortened(node.module)
                yield from (_home(node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "importorskip":
            (library, *_) = node.args
            # Whatever is named at run time only may be heavy.
            yield str(library.value).partition(".")[0] if isinstance(library, ast.Constant) else "keras"
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _names(ast.Module([other], []), everywhere)
        elif isinstance(node, _WAY) and (everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            yield from _names(node, everywhere)


def _shortened(module: str) -> str:
    first = module.partition(".")[0]
    return module if first in ("tests", "marcelle_rt") else first


def _home(module: str, name: str) -> str:
    """Where a name that is imported from a module of ours really lies."""
    if module == "marcelle_rt" and name in marcelle_rt._HOMES:
        return f"marcelle_rt.{marcelle_rt._HOMES[name]}"
    return _shortened(f"{module}.{name}")

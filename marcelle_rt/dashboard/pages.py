"""What the dashboard's page is made of, as a server gives it to a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..backend.packages import folder_of, install, page_libraries
from .site import Content

PAGE = Path(__file__).parent / "page"
_ONNX = Path(__file__).parent / "onnx"
_ONNX_FILES = ("ort.wasm.min.js", "ort-wasm.wasm", "ort-wasm-simd.wasm")


def own_page() -> dict[str, Path]:
    """All that a backend needs to show the dashboard of itself: the page's files and the libraries that it loads.

    The runtime of ONNX models is there as soon as a page of `marcelle-rt dashboard` has had it installed.

    Raises:
        BackendError: The libraries can't be installed.
    """
    runtime = {f"onnx/{name}": _runtime_in(folder_of(_ONNX), name) for name in _ONNX_FILES}
    return {**page_libraries(), **_files(), **runtime}


def _runtime_in(folder: Path, name: str) -> Path:
    return folder / "node_modules" / "onnxruntime-web" / "dist" / name


def _onnx_runtime() -> dict[str, Callable[[], Path]]:
    """The runtime of ONNX models: a hundred megabytes, so it is installed when a page first asks for it."""

    def place(name: str) -> Callable[[], Path]:
        return lambda: _runtime_in(install(_ONNX), name)

    return {f"onnx/{name}": place(name) for name in _ONNX_FILES}


def _files() -> dict[str, Path]:
    return {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file()}


def page_files(backend_url: str = "") -> dict[str, Content]:
    """The files of the dashboard's page, by the names under which they are served.

    Args:
        backend_url: The backend that the page shows; empty: the server that the page comes from.
    """
    return {**_files(), **_onnx_runtime(), "settings.js": f"export const backend = {json.dumps(backend_url)};\n"}

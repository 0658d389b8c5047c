"""What the dashboard's page is made of, as a server gives it to a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..backend.packages import install, page_libraries
from .site import Content

PAGE = Path(__file__).parent / "page"
_ONNX = Path(__file__).parent / "onnx"
_ONNX_FILES = ("ort.wasm.min.js", "ort-wasm.wasm", "ort-wasm-simd.wasm")


def own_page() -> dict[str, Path]:
    """All that a backend needs to show the dashboard of itself: the page's files and the libraries that it loads.

    Raises:
        BackendError: The libraries can't be installed.
    """
    return {**page_libraries(), **_files()}


def _onnx_runtime() -> dict[str, Callable[[], Path]]:
    """The runtime of ONNX models: a hundred megabytes, so it is installed when a page first asks for it."""

    def place(name: str) -> Callable[[], Path]:
        return lambda: install(_ONNX) / "node_modules" / "onnxruntime-web" / "dist" / name

    return {f"onnx/{name}": place(name) for name in _ONNX_FILES}


def _files() -> dict[str, Path]:
    return {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file()}


def page_files(backend_url: str = "") -> dict[str, Content]:
    """The files of the dashboard's page, by the names under which they are served.

    Args:
        backend_url: The backend that the page shows; empty: the server that the page comes from.
    """
    return {**_files(), **_onnx_runtime(), "settings.js": f"export const backend = {json.dumps(backend_url)};\n"}

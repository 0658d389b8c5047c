"""What a reader does with a page: runs its commands, serves its folder, tells its programs where the backend is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.support.lean import lean_environment
from tests.support.programs.forked import Program

from .doc_pages import blocks


def block(page: Path, language: str, beginning: str) -> str:
    """The one block of a page and a language that has this in it."""
    (text,) = [found.text for found in blocks(page) if found.language == language and beginning in found.text]
    return text


def environment(backend: str) -> dict[str, str]:
    """What the programs find in their environment of a reader who has installed what the page says, and no more."""
    return {**lean_environment(), "MARCELLE_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}


class _Quiet(SimpleHTTPRequestHandler):
    """What `python -m http.server` serves with, without its log."""

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder's address in a browser."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def words(command: str) -> list[str]:
    """A command of a page, for `subprocess`."""
    return [sys.executable, "-m", *command.replace("marcelle-rt", "marcelle_rt").split()]


@contextmanager
def running(command: str, folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Runs a command of a page, which finds Keras imported, until it is left."""
    with open(os.devnull) as nothing, (folder / "said").open("w") as said:
        program = Program(words(command)[1:], "keras", folder, env, [nothing, said, said])
        try:
            yield
        finally:
            program.terminate()


def write_python_page(folder: Path, backend: str, page: Path) -> None:
    """Writes the files of the page about dashboards with a Python model, by its own command and blocks."""
    write = block(page, "sh", "marcelle-rt js page").splitlines()[0]
    subprocess.run(words(write), cwd=folder, env=environment(backend), check=True, capture_output=True)
    (folder / "page" / "index.html").write_text(block(page, "html", "importmap"))
    main = block(page, "js", "pythonModel(store")
    assert "http://localhost:3030" in main
    (folder / "page" / "main.js").write_text(main.replace("http://localhost:3030", backend))

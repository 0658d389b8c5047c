"""A small web server for pages that use Marcelle's own bundle."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import socket
from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType

from ..backend.packages import page_libraries
from ..errors import MarcelleError

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


Content = Path | str | Callable[[], Path]


class _OnIPv6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Site:
    """Serves a few files, by default on a free port of the loopback interface.

    Marcelle's bundle and style sheet are always there, as `marcelle.js` and `marcelle.css`, and so are
    the other libraries of `page_libraries`.

    Args:
        files: What is served, by name: a path to a file, the content itself, or what gives the path when it is
            first asked for. `index.html` is the start page.
        port: The port; 0 takes any free one.
        host: The address to listen on; `"0.0.0.0"` lets other machines in.

    Attributes:
        url: The start page's URL.

    Raises:
        BackendError: Marcelle's bundle can't be installed.
        MarcelleError: The port is taken, or the address can't be used.
    """

    def __init__(self, files: Mapping[str, Content], port: int = 0, host: str = "127.0.0.1") -> None:
        served: dict[str, Content] = {**page_libraries(), **files}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.partition("?")[0].lstrip("/") or "index.html"
                content = served.get(name)
                if content is None:
                    self.send_error(404)
                    return
                try:
                    tag, body = _read(content, self.headers.get("If-None-Match"))
                except MarcelleError as error:  # what was to be installed for it was not
                    self.send_error(503, explain=str(error))
                    return
                except OSError as error:  # it was removed meanwhile
                    self.send_error(500, explain=str(error))
                    return
                self.send_response(HTTPStatus.NOT_MODIFIED if body is None else HTTPStatus.OK)
                self.send_header("ETag", tag)
                self.send_header("Cache-Control", "no-cache")
                if body is None:
                    self.end_headers()
                    return
                self.send_header("Content-Type", _type(name))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # the browser went elsewhere meanwhile
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: nobody needs to know of the page's requests."""

        try:
            self._server = (_OnIPv6 if ":" in host else ThreadingHTTPServer)((host, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MarcelleError(
                f"The page can't be served at {host} with port {port} ({reason}). Stop what runs there, or choose "
                "another port (--port 0: any free one) or host."
            ) from error
        named = _EVERYWHERE.get(host, host)
        self.url: str = f"http://{f'[{named}]' if ':' in named else named}:{self._server.server_address[1]}/"
        self._thread = Thread(target=self._server.serve_forever, name="marcelle-site", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _read(content: Content, known: str | None) -> tuple[str, bytes | None]:
    """What is served, with a tag that changes when it does; no bytes where a browser has those of that tag already."""
    if isinstance(content, str):
        body = content.encode()
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        return tag, None if known == tag else body
    with (content() if callable(content) else content).open("rb") as file:
        found = os.fstat(file.fileno())
        tag = f'"{found.st_size:x}-{found.st_mtime_ns:x}"'
        return tag, None if known == tag else file.read()


def _type(name: str) -> str:
    """A file's type by its name; systems differ in what they say of these two, and browsers insist."""
    known = {".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm"}
    return known.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"

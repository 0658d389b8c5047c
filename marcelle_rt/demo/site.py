"""A small web server for pages that use Marcelle's own bundle."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType

from ..backend.packages import bundle


class Site:
    """Serves a few files on a free port of the loopback interface.

    Marcelle's bundle and style sheet are always there, as `marcelle.js` and `marcelle.css`.

    Args:
        files: What is served, by name: a path to a file, or the content itself. `index.html` is
            the start page.

    Attributes:
        url: The start page's URL.

    Raises:
        BackendError: Marcelle's bundle can't be installed.
    """

    def __init__(self, files: Mapping[str, Path | str]) -> None:
        served = {
            "marcelle.js": bundle("marcelle.bundle.esm.js"),
            "marcelle.css": bundle("marcelle.css"),
            **files,
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.partition("?")[0].lstrip("/") or "index.html"
                content = served.get(name)
                if content is None:
                    self.send_error(404)
                    return
                body = content.encode() if isinstance(content, str) else content.read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-cache")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the page's requests are no news."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
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

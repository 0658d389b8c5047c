"""Files that are uploaded to a backend."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...notices import bar
from .http import Http

_SHOW_AFTER = 1.0  # seconds


class Uploads:
    """Files up to a backend.

    Args:
        http: The way to it.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def post_files(self, path: str, files: Iterable[tuple[str, str, Path, str]], progress: bool = True) -> Any:
        """Uploads files in one request. What is read is sent at once: memory does not grow with a file.

        Args:
            path: Where to, for example `"tfjs-models/upload"`.
            files: For each file the form's field, the name to give it, where it is, and its MIME type.
            progress: Show a progress bar if it takes over a second, on a terminal or in a notebook.

        Returns:
            The server's answer. Marcelle backends drop files that they don't like without a word: look
            whether each is in it.

        Raises:
            OSError: A file can't be read.
            MarcelleError: As `Http.request`.
        """
        from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor

        listed = list(files)
        with ExitStack() as stack:

            def body() -> tuple[Any, str]:
                fields = [
                    (field, (filename, stack.enter_context(file.open("rb")), mime))
                    for field, filename, file, mime in listed
                ]
                encoder = MultipartEncoder(fields)
                shown = stack.enter_context(
                    bar(
                        total=encoder.len,
                        desc=f"Uploading to {path}",
                        unit="B",
                        unit_scale=True,
                        delay=_SHOW_AFTER,
                        **({} if progress else {"disable": True}),
                    )
                )
                monitored = MultipartEncoderMonitor(encoder, lambda sent: shown.update(sent.bytes_read - shown.n))
                return monitored, monitored.content_type

            return self._http.request("POST", path, body)

"""Files up to a backend, by HTTP; the only file that knows requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import LOOPBACK, is_this_machine
from ..errors import BackendUnreachable, CallTimeout, ConnectionLost, from_server

if TYPE_CHECKING:
    import requests

_CONNECT_TIMEOUT = 10.0
_ANSWER_TIMEOUT = 120.0  # seconds after the last byte: the server may have to move a large file
_SHOW_AFTER = 1.0


class Uploads:
    """A backend's REST side.

    Args:
        location: The backend's URL, without a trailing slash.
        token: Gives the access token to send along, or `None`.
    """

    def __init__(self, location: str, token: Callable[[], str | None]) -> None:
        self.location = location
        self._token = token

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
            BackendUnreachable: Nobody answers; nothing was sent.
            ConnectionLost: The line dropped; what the server kept is unknown.
            CallTimeout: No answer came in time.
            FeathersError: The server's own error.
        """
        from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor
        from tqdm.auto import tqdm

        with ExitStack() as stack:
            fields = [
                (field, (filename, stack.enter_context(file.open("rb")), mime)) for field, filename, file, mime in files
            ]
            encoder = MultipartEncoder(fields)
            bar = stack.enter_context(
                # `None`: only on a terminal; in a notebook tqdm takes it for False.
                tqdm(
                    total=encoder.len,
                    desc=f"Uploading to {path}",
                    unit="B",
                    unit_scale=True,
                    delay=_SHOW_AFTER,
                    leave=False,
                    disable=None if progress else True,
                )
            )
            body = MultipartEncoderMonitor(encoder, lambda sent: bar.update(sent.bytes_read - bar.n))
            return self._answer(self._post(path, body), f"POST {path}")

    def _post(self, path: str, body: Any) -> requests.Response:
        import requests

        token = self._token()

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # As `auth`, because otherwise requests would put a login from ~/.netrc in its place.
            if token is not None:
                request.headers["Authorization"] = f"Bearer {token}"
            return request

        try:
            return requests.post(
                f"{self.location}/{path}",
                data=body,
                headers={"Content-Type": body.content_type, "Accept": "application/json"},
                auth=sign,
                proxies={"no_proxy": ",".join(LOOPBACK)} if is_this_machine(self.location) else None,
                timeout=(_CONNECT_TIMEOUT, _ANSWER_TIMEOUT),
            )
        except requests.exceptions.ConnectTimeout as error:
            reason = f"it did not answer within {_CONNECT_TIMEOUT:g} s"
            raise BackendUnreachable(self.location, reason) from error
        except requests.exceptions.Timeout as error:
            raise CallTimeout(self.location, f"POST {path}", _ANSWER_TIMEOUT) from error
        except requests.exceptions.ConnectionError as error:
            from urllib3.exceptions import MaxRetryError

            # requests tells a refused connection from one that broke only by what it wraps.
            if error.args and isinstance(error.args[0], MaxRetryError):
                raise BackendUnreachable(self.location, "it refuses the connection") from error
            raise ConnectionLost(self.location, f"POST {path}") from error

    def _answer(self, response: requests.Response, call: str) -> Any:
        import requests

        try:
            answer = response.json()
        except requests.exceptions.JSONDecodeError:
            answer = {"message": f"HTTP status {response.status_code}, and no JSON with it"}
            if response.ok:
                raise from_server(answer, call) from None
        if not response.ok:
            details = answer if isinstance(answer, dict) else {"message": answer}
            raise from_server({"code": response.status_code, **details}, call)
        return answer

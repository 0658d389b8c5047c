"""JSON over HTTP to one backend; the only file that knows requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from ... import values
from ...config import LOOPBACK, is_this_machine
from ...errors import BackendUnreachable, CallTimeout, ConnectionLost, InvalidAnswer, NotAuthenticated, from_server
from ...processes.forks import pid
from .. import tls
from ..opener import sends_on

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

_CONNECT_TIMEOUT = 10.0
_ANSWER_TIMEOUT = 120.0  # seconds after the last byte: the server may have to move a large file
_PIECE = 65536
_SLOWEST = 10_000  # bytes a second that are slow, but an answer on its way


class Tokens(Protocol):
    """Gives the access token to send along, or `None` where nobody signs in."""

    def __call__(self, refused: str | None = None) -> str | None:
        """Returns the token; another one than `refused`, which the server no longer takes, if there is a way."""
        ...


class Http:
    """Requests to one backend, on connections that are kept; any thread may use it.

    Args:
        location: The backend's URL, without a trailing slash.
        tokens: Gives the access token to send along.
    """

    def __init__(self, location: str, tokens: Tokens) -> None:
        self.location = location
        self._tokens = tokens
        self._session: requests.Session | None = None
        self._process = 0

    def request(
        self,
        verb: str,
        path: str,
        body: Callable[[], tuple[Any, str]] | None = None,
        *,
        timeout: float = _ANSWER_TIMEOUT,
        call: str | None = None,
    ) -> Any:
        """Makes a request, and once more after a new sign-in if the server refuses the token.

        Args:
            verb: HTTP's, for example `"GET"`.
            path: What follows the location and a slash, a query included; quoted.
            body: Makes the body, anew for each attempt, and its content type.
            timeout: Seconds without a byte from the server, and about as many for the whole of a short answer.
            call: How errors name the request.

        Returns:
            The answer's JSON.

        Raises:
            BackendUnreachable: Nobody answers, or the server sends elsewhere; nothing was carried out.
            ConnectionLost: The line dropped; whether the request was carried out is unknown.
            CallTimeout: No answer came in time.
            InvalidAnswer: What came is not JSON, or is too large.
            FeathersError: The server's own error.
        """
        call = call or f"{verb} {path}"
        return self._signed(lambda token: self._answer(*self._attempt(verb, path, body, token, timeout, call), call))

    def download(self, path: str, *, timeout: float = _ANSWER_TIMEOUT) -> bytes:
        """Reads a file that the backend serves.

        Args:
            path: What follows the location and a slash; quoted.
            timeout: Seconds without a byte from the server.

        Returns:
            Its bytes.

        Raises:
            MarcelleError: As `request`; `InvalidAnswer` for a file over 100 MB.
        """
        call = f"GET {path}"

        def attempt(token: str | None) -> bytes:
            response, content = self._attempt("GET", path, None, token, timeout, call)
            if not response.ok:
                self._answer(response, content, call)  # raises
            return content

        return self._signed(attempt)

    def _signed(self, attempt: Callable[[str | None], T]) -> T:
        """Makes an attempt with the token, and another with a new one if the server refuses it."""
        token = self._tokens()
        try:
            return attempt(token)
        except NotAuthenticated:
            renewed = None if token is None else self._tokens(token)
            if renewed in (None, token):
                raise
        return attempt(renewed)

    def close(self) -> None:
        """Closes the connections that are kept."""
        session, self._session = self._session, None
        if session is not None and self._process == pid():
            session.close()

    def _attempt(
        self,
        verb: str,
        path: str,
        body: Callable[[], tuple[Any, str]] | None,
        token: str | None,
        timeout: float,
        call: str,
    ) -> tuple[requests.Response, bytes]:
        import requests

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # As `auth`, because otherwise requests would put a login from ~/.netrc in its place.
            if token is not None:
                request.headers["Authorization"] = f"Bearer {token}"
            return request

        data, kind = (None, None) if body is None else body()
        # What is compressed could be a thousand times larger than it says.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            with self._kept().request(
                verb,
                f"{self.location}/{path}",
                data=data,
                headers=headers if kind is None else {**headers, "Content-Type": kind},
                auth=sign,
                proxies={"no_proxy": ",".join(LOOPBACK)} if is_this_machine(self.location) else None,
                timeout=(_CONNECT_TIMEOUT, timeout),
                allow_redirects=False,  # the token, and what is sent, are for this server alone
                stream=True,
            ) as response:
                self._stay(response)
                text = self._read(response, call, timeout)
        except requests.exceptions.ConnectTimeout as error:
            reason = f"it did not answer within {_CONNECT_TIMEOUT:g} s"
            raise BackendUnreachable(self.location, reason) from error
        except requests.exceptions.Timeout as error:
            raise CallTimeout(self.location, call, timeout) from error
        except requests.exceptions.SSLError as error:
            raise BackendUnreachable(self.location, tls.refusal(error) or str(error)) from error
        except requests.exceptions.ConnectionError as error:
            from urllib3.exceptions import MaxRetryError

            # requests tells a refused connection from one that broke only by what it wraps.
            if error.args and isinstance(error.args[0], MaxRetryError):
                raise BackendUnreachable(self.location, "it refuses the connection") from error
            raise ConnectionLost(self.location, call) from error
        except requests.exceptions.RequestException as error:  # broken chunks, headers that are none
            raise ConnectionLost(self.location, call) from error
        return response, text

    def _kept(self) -> requests.Session:
        import requests

        if self._session is None or self._process != pid():  # a fork shares no connections with its parent
            self._session, self._process = requests.Session(), pid()
            if urlsplit(self.location).scheme == "https":
                self._session.mount("https://", _adapter())
            self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._session

    def _stay(self, response: requests.Response) -> None:
        if 300 <= response.status_code < 400:
            raise BackendUnreachable(self.location, sends_on(response.url, response.headers.get("Location")))

    def _read(self, response: requests.Response, call: str, timeout: float) -> bytes:
        """Reads a body, which must come faster than one that a server lets drip to hold its client up."""
        import requests
        from urllib3.exceptions import HTTPError

        pieces, size = [], 0
        started = time.monotonic()
        try:
            # Not `iter_content`, which waits until a whole piece is there.
            while piece := response.raw.read1(_PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if size > values.ANSWER_LIMIT:
                    raise InvalidAnswer(self.location, call, f"is over {values.ANSWER_LIMIT:,} bytes")
                if time.monotonic() - started > timeout + size / _SLOWEST:
                    raise CallTimeout(self.location, call, timeout)
        except HTTPError as error:
            raise requests.exceptions.ConnectionError(error) from error
        return b"".join(pieces)

    def _answer(self, response: requests.Response, text: bytes, call: str) -> Any:
        try:
            answer = values.loads(text)
        except ValueError:
            reason = f"has the HTTP status {response.status_code}, and its body is not JSON"
            if response.ok:
                raise InvalidAnswer(self.location, call, reason) from None
            answer = {"message": f"the answer {reason}"}
        if not response.ok:
            details = answer if isinstance(answer, dict) else {"message": answer}
            raise from_server({"code": response.status_code, **details}, call)
        return answer


def _adapter() -> requests.adapters.HTTPAdapter:
    """What opens connections that trust as the socket does, instead of as requests' own bundle says."""
    import requests

    trusted = tls.context()

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options, ssl_context=trusted)

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **options, ssl_context=trusted)

        def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:
            host, _ = super().build_connection_pool_key_attributes(*args, **options)
            return host, {}

        def cert_verify(self, *args: Any, **options: Any) -> None:
            """Leaves the checks to the context."""

    return Adapter()

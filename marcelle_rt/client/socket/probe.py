"""Finds out which version of Engine.IO a server speaks."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from urllib.parse import quote

from ...errors import BackendUnreachable
from .. import tls
from ..opener import opener, sends_on

_OPEN = re.compile(r'(?P<length>\d+:)?0\{.*?"sid":"(?P<sid>[^"]+)"')
_ANSWER_LIMIT = 65536


def find_protocol(location: str, timeout: float) -> int:
    """The Engine.IO version that a server speaks: 3 or 4.

    It shows in how the polling handshake is framed. The session that this opens is closed again, so that
    the server counts one connection, not two.

    Args:
        location: The server's URL, without a trailing slash.
        timeout: Seconds for each request.

    Raises:
        BackendUnreachable: Nobody answers, what answers is not a Socket.IO server, or its certificate is refused.
        InvalidData: `$MARCELLE_CA_BUNDLE` can't be used.
    """
    url = f"{location}/socket.io/?EIO=4&transport=polling"
    text = _request(location, url, None, timeout)
    opened = _OPEN.match(text)
    if opened is None:
        raise BackendUnreachable(location, "what answers there does not speak Socket.IO")
    protocol = 3 if opened["length"] else 4
    goodbye = b"1:1" if protocol == 3 else b"1"
    _request(location, f"{url}&sid={quote(opened['sid'], safe='')}", goodbye, timeout)
    return protocol


def _request(location: str, url: str, body: bytes | None, timeout: float) -> str:
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain;charset=UTF-8"})
    try:
        with opener(location).open(request, timeout=timeout) as answer:
            text: bytes = answer.read(_ANSWER_LIMIT)
    except urllib.error.HTTPError as error:
        error.close()
        raise BackendUnreachable(location, _status(error, url)) from error
    except (http.client.InvalidURL, UnicodeError) as error:
        raise BackendUnreachable(location, f"that is not a host name ({error})") from error
    except http.client.HTTPException as error:
        raise BackendUnreachable(location, f"what answers there does not speak HTTP ({error!r})") from error
    except OSError as error:  # URLError, timeouts and refusals are all OSErrors
        raise BackendUnreachable(location, tls.refusal(error) or _reason(error, timeout)) from error
    return text.decode("utf-8", "replace")


def _status(error: urllib.error.HTTPError, url: str) -> str:
    if 300 <= error.code < 400:
        return sends_on(url, error.headers.get("Location"))
    return f"what answers there does not speak Socket.IO (HTTP status {error.code})"


def _reason(error: OSError, timeout: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"it did not answer within {timeout:g} s"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause)

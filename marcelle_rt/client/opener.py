"""Plain HTTP by urllib, for what is asked before there is a connection: one way to open, and no redirect followed."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urljoin, urlsplit

from . import tls
from .rest.proxies import goes_direct


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what is sent, a login perhaps, is for the host that was named and for no other."""

    def redirect_request(self, *args: Any) -> None:
        return None


def opener(location: str) -> urllib.request.OpenerDirector:
    """What opens URLs below a location.

    It trusts the certificates that all else here trusts, goes through the environment's proxy where all else here
    does, and raises `urllib.error.HTTPError` instead of following a redirect.

    Args:
        location: The server's URL.

    Raises:
        InvalidData: `$MARCELLE_CA_BUNDLE` can't be used.
    """
    handlers: list[urllib.request.BaseHandler] = [_Stay()]
    if urlsplit(location).scheme == "https":
        handlers.append(urllib.request.HTTPSHandler(context=tls.context()))
    if goes_direct(location):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def destination(url: str, location: str | None) -> str:
    """Where a redirect leads, without a login and without a path.

    Args:
        url: What was asked.
        location: The answer's `Location` header.
    """
    there = urlsplit(urljoin(url, location or ""))
    return f"{there.scheme}://{there.netloc.rpartition('@')[2]}"


def sends_on(url: str, location: str | None) -> str:
    """Why a redirect isn't followed, in words; arguments as `destination`'s."""
    return f"it redirects all requests to {destination(url, location)}; if that is your backend, use that URL"

"""Whether a server is reached through the proxy that the environment names: one reading of `$NO_PROXY` for all."""

from __future__ import annotations

from ...config import is_this_machine


def goes_direct(location: str) -> bool:
    """Whether a server is asked without a proxy: this machine's own, and those that `$NO_PROXY` names.

    The variable is read as requests reads it: ends of names, `host:port`, addresses and their ranges
    (`10.0.0.0/8`). urllib and websocket-client, left alone, take some of these for something else.

    Args:
        location: The server's URL.
    """
    if is_this_machine(location):
        return True
    from requests.utils import should_bypass_proxies

    return bool(should_bypass_proxies(location, no_proxy=None))

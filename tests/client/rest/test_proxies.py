"""Which servers are reached through the environment's proxy: by the probe, the socket and REST alike."""

from __future__ import annotations

import pytest

from marcelle_rt.client.opener import opener
from marcelle_rt.client.rest.proxies import goes_direct


@pytest.mark.parametrize(
    ("named", "location", "direct"),
    [
        ("", "http://127.0.0.1:3030", True),
        ("", "http://10.1.2.3:3030", False),
        ("10.0.0.0/8", "http://10.1.2.3:3030", True),
        ("10.0.0.0/8", "http://11.1.2.3:3030", False),
        ("lab.example.org:3030", "http://lab.example.org:3030", True),
        ("lab.example.org:3030", "http://lab.example.org:3031", False),
        (".example.org", "http://LAB.example.org", True),
        ("example.org, other.org", "http://other.org", True),
        ("*", "http://lab.example.org", True),
    ],
)
def test_no_proxy_is_read_in_one_way(monkeypatch: pytest.MonkeyPatch, named: str, location: str, direct: bool) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", named)
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:3128")

    assert goes_direct(location) is direct
    proxies = [handler for handler in opener(location).handlers if hasattr(handler, "proxies")]
    assert bool(proxies and proxies[0].proxies) is not direct

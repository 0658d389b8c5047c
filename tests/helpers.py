"""What tests of several rooms need: waiting for a condition, a server of another kind, pages in a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

T = TypeVar("T")

FOREIGN_HOST = "evil.test"
"""A name of somebody else that stands for this machine in the tests' browser."""
BROWSER_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # pages of a profile share what their process has compiled
    f"--host-resolver-rules=MAP {FOREIGN_HOST} 127.0.0.1",
]


def eventually(predicate: Callable[[], T], timeout: float = 10.0, interval: float = 0.02) -> T:
    """Calls `predicate` until it returns something true, and returns that.

    It is called each `interval` seconds; after a second of waiting ten times a second at most, so that what is waited
    for gets the processor.

    Raises:
        AssertionError: Nothing true came within `timeout` seconds; the message has the last value.
    """
    begin = time.monotonic()
    while True:
        value = predicate()
        if value:
            return value
        waited = time.monotonic() - begin
        if waited > timeout:
            raise AssertionError(f"not within {timeout:g} s; the last value was {value!r}")
        time.sleep(interval if waited < 1 else max(interval, 0.1))


def free_port() -> int:
    """A port of this machine where nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be reaped."""
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return answer.returncode == 0 and not answer.stdout.startswith("Z")


@contextmanager
def feathers5_server(log: Path) -> Iterator[str]:
    """Runs a Feathers 5 / Socket.IO 4 server with memory services, and gives its URL."""
    source = Path(__file__).parent / "support" / "feathers5"
    node = find_node()
    command = [node.executable, str(source / "server.js"), str(install(source, node))]
    server = NodeProcess(command, log=log, env=os.environ)
    try:
        yield f"http://127.0.0.1:{server.ready['port']}"
    finally:
        server.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile: Debian's, else the one that Playwright has installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_FLAGS, chromium_sandbox=False
        )
        yield browser
        browser.close()


STILL = """
const still = new CSSStyleSheet();
const endless = '.progress-line.indeterminate::before, .spinner, .spinner *';
still.replaceSync(`${endless} { animation: none !important; }`);
document.adoptedStyleSheets.push(still);
"""
"""Marcelle's signs of what goes on don't move: they would be drawn 60 times a second for as long as a test waits."""


class Profile:
    """Opens pages, and forgets what they kept: cookies, storages, databases, caches of their own.

    What the browser keeps by itself stays: files that it need not get again, and Marcelle's bundle as it has compiled
    that, which is half of what it costs to open a page. A process of pages has this, so an empty page holds theirs
    (with `--process-per-site`).
    """

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context(viewport={"width": 1280, "height": 900})
        self._context.add_init_script(STILL)
        empty = self._context.new_page()
        empty.route("http://127.0.0.1/", lambda route: route.fulfill(body="", content_type="text/html"))
        empty.goto("http://127.0.0.1/")
        self._storage = self._context.new_cdp_session(empty)

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A page that knows of no other."""
        others = self._context.pages
        yield self._context.new_page()
        self._context.set_offline(False)  # a test that failed may have left it
        for page in self._context.pages:
            if page not in others:
                page.close()
        self._storage.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})

    def close(self) -> None:
        """Ends the profile, and the process of its pages with it."""
        self._context.close()


def dashboard_html(script: str, body: str = "") -> str:
    """A page with Marcelle's style sheet and a module script; the script imports from `./marcelle.js`."""
    return f"""<!doctype html>
<html>
  <head>
    <meta charset="utf-8" />
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="marcelle.css" />
  </head>
  <body>
    <div id="app"></div>
    {body}
    <script type="module">
{script}
    </script>
  </body>
</html>
"""


def skip_without(package: str) -> None:
    """Skips a file, or a test, that needs a package in another process; `importorskip` would import it in this one."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

"""The dashboard that a backend shows of itself to whoever opens its address."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import own_page, page_files

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def url(node: None) -> Iterator[str]:
    """The URL of a backend that shows the dashboard."""
    with Backend(page=own_page()) as running:
        yield running.url


def test_the_address_of_a_backend_is_the_dashboard_of_it(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_text("No run yet").wait_for()

    with DataStore(url) as store:
        run = {"name": "mine-1", "start": "2026-01-01", "status": "epoch", "params": {}, "logs": {"loss": [1, 2]}}
        store.service("runs").create(run)

    page.get_by_role("link", name="mine-1").click()
    page.get_by_role("heading", name="mine-1").wait_for()
    page.locator(".rt-chart canvas").wait_for()
    page.reload()
    page.get_by_role("heading", name="mine-1").wait_for()


def test_it_is_there_before_the_sign_in_and_asks_for_it(page: Page, own_backend: Callable[..., Backend]) -> None:
    backend = own_backend(page=own_page(), auth=True)

    page.goto(backend.url)

    page.get_by_placeholder("Password").wait_for()
    page.get_by_text("Register Here").wait_for(state="hidden")


def test_a_new_account_is_offered_only_where_the_backend_makes_one(
    page: Page, own_backend: Callable[..., Backend]
) -> None:
    page.goto(own_backend(page=own_page(), auth=True, signup=True).url)

    page.get_by_text("Register Here").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.get_by_text("Register Here").is_visible()


def test_it_has_the_runtime_of_onnx_models_as_soon_as_that_is_installed(url: str) -> None:
    place = page_files()["onnx/ort-wasm.wasm"]
    assert callable(place)
    installed = place()  # as the page of `marcelle-rt dashboard` does
    with urllib.request.urlopen(f"{url}/dashboard/onnx/ort-wasm.wasm") as answer:
        assert answer.headers.get_content_type() == "application/wasm"
        assert answer.read() == installed.read_bytes()


def test_a_file_that_the_browser_has_is_not_sent_again(url: str) -> None:
    file = f"{url}/dashboard/marcelle.js"
    with urllib.request.urlopen(file) as answer:
        assert answer.headers.get_content_type() == "text/javascript"
        etag = answer.headers["ETag"]

    with pytest.raises(urllib.error.HTTPError, match="304"):
        urllib.request.urlopen(urllib.request.Request(file, headers={"If-None-Match": etag}))
    with urllib.request.urlopen(urllib.request.Request(file, method="HEAD")) as answer:
        assert int(answer.headers["Content-Length"]) > 1_000_000
        assert answer.read() == b""


@pytest.mark.parametrize(
    "path",
    ["/dashboard/nothing.js", "/dashboard/../serve.js", "/dashboard/..%2fserve.js", "/dashboard/%2e%2e/serve.js"],
)
def test_it_serves_nothing_else(url: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match=r"40[04]"):
        urllib.request.urlopen(url + path)


def test_a_backend_without_a_page_has_none(own_backend: Callable[..., Backend]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{own_backend().url}/")

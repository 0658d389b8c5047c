"""The line between the page and its backend: away, back again, and where a sign-in is asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from tests.helpers import eventually
from tests.support.tls_proxy import SecureProxy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STOCK = Path(__file__).parents[1] / "support" / "mongodb" / "backend.js"
RUN = {"status": "success", "epoch": 1, "epochs": 1, "params": {}, "logs": {"loss": [1.0]}}


def test_without_a_backend_the_page_says_how_to_start_one_and_connects_by_itself(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend(data=tmp_path / "data")
    backend.stop()
    with Site(page_files(backend.url)) as site:
        page.goto(site.url)
        page.get_by_text(f"No backend answers at {backend.url}").wait_for()
        page.get_by_text("marcelle-rt backend --data my-data").wait_for()

        backend.start()

        page.get_by_text("No run yet").wait_for()
        page.close()


def test_where_another_program_answers_the_page_says_so_and_what_to_do(page: Page) -> None:
    with Site({"index.html": "something else"}) as other, Site(page_files(other.url)) as site:
        page.goto(site.url)
        page.get_by_text(f"What answers at {other.url.rstrip('/')} does not let this page in").wait_for()
        assert f"--allow-origin {site.url.rstrip('/')}" in page.locator(".rt-hint").first.inner_text()
        page.close()


def test_what_happened_while_the_backend_was_away_is_there_when_it_is_back(
    page: Page, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend(data=tmp_path / "data")
    with DataStore(backend.url) as store:
        gone = store.service("runs").create({**RUN, "name": "gone-1"})
        store.service("runs").create({**RUN, "name": "stays-1"})
    with Site(page_files(backend.url)) as site:
        page.goto(site.url)
        page.get_by_role("row", name="gone-1").wait_for()
        backend.stop()
        page.get_by_text("The backend is away").wait_for()
        page.context.set_offline(True)  # not before: such a browser does not always see that a line has ended
        backend.start()
        with DataStore(backend.url) as store:
            store.service("runs").remove(gone["_id"])
            store.service("runs").create({**RUN, "name": "new-1"})

        page.context.set_offline(False)

        page.get_by_role("row", name="new-1").wait_for()
        eventually(lambda: page.get_by_role("row", name="gone-1").count() == 0)
        assert page.get_by_role("row", name="stays-1").count() == 1
        eventually(lambda: not page.get_by_text("The backend is away").is_visible())
        page.close()


@pytest.fixture(scope="module")
def signing_in(node: None) -> Iterator[Backend]:
    """A backend where users sign in, and make accounts by themselves."""
    with Backend(auth=True, signup=True) as running:
        yield running


def test_a_backend_with_a_sign_in_asks_and_then_shows_live_runs(page: Page, signing_in: Backend) -> None:
    login = {"email": "ada@example.org", "password": "a long password"}
    with DataStore(signing_in.url) as nobody:
        nobody.service("users").create(login)
    with Site(page_files(signing_in.url)) as site, DataStore(signing_in.url, **login) as store:
        page.goto(site.url)
        page.get_by_placeholder("Email").fill(login["email"])
        page.get_by_placeholder("Password").fill("wrong")
        page.locator("button[type=submit]").click()
        page.get_by_text("Login Error").wait_for()
        page.get_by_placeholder("Password").fill(login["password"])
        page.locator("button[type=submit]").click()
        page.get_by_text("No run yet").wait_for()

        store.service("runs").create({**RUN, "name": "mine-1"})
        page.get_by_role("row", name="mine-1").wait_for()

        page.reload()
        page.get_by_role("row", name="mine-1").wait_for()
        page.close()


def test_who_is_new_signs_up_on_the_page_where_the_backend_lets_them(page: Page, signing_in: Backend) -> None:
    with Site(page_files(signing_in.url)) as site:
        page.goto(site.url)
        page.get_by_text("Register Here").click()
        page.get_by_placeholder("Email").fill("new@example.org")
        page.get_by_placeholder("Password").fill("a long password")
        page.locator("button[type=submit]").click()
        page.get_by_text("No run yet").wait_for()

    with DataStore(signing_in.url, email="new@example.org", password="a long password") as store:
        assert store.service("runs").count() == 0


def test_a_stock_backend_that_lends_the_service_of_runs_alone_shows_them_and_removes_them(
    page: Page, node: None, tmp_path: Path
) -> None:
    packages = install()
    only_runs = {"nedb": str(tmp_path / "data"), "whitelist": {"services": ["runs"], "assets": []}, "gridfs": False}
    config = packages / "node_modules" / "@marcellejs" / "backend" / "config"
    env = {"NODE_ENV": "production", "NODE_CONFIG_DIR": str(config), "NODE_CONFIG": json.dumps(only_runs)}
    command = [find_node().executable, str(STOCK), str(packages)]
    with ExitStack() as stack:
        stock = NodeProcess(command, log=tmp_path / "backend.log", env={**os.environ, **env})
        stack.callback(stock.stop)
        url = f"http://127.0.0.1:{stock.ready['port']}"
        site = stack.enter_context(Site(page_files(url)))
        stack.enter_context(DataStore(url)).service("runs").create({**RUN, "name": "mine-1", "logs": {"loss": [0.25]}})
        page.goto(site.url)

        row = page.get_by_role("row", name="mine-1")
        eventually(lambda: "0.25" in row.inner_text())
        row.get_by_role("link").click()
        page.get_by_role("button", name="Remove this run").click()
        page.get_by_role("button", name="Really remove it").click()

        page.get_by_text("No run yet").wait_for()
        page.close()


def test_a_backend_with_https_is_reached_from_a_page_without_it(
    browser: Browser, own_backend: Callable[..., Backend]
) -> None:
    backend = own_backend()
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    with SecureProxy(backend.url, trustme.CA()) as proxy, Site(page_files(proxy.url)) as site:
        page.goto(site.url)
        page.get_by_text("No run yet").wait_for(timeout=15_000)  # by itself Socket.IO tries again after 20 s

        with DataStore(backend.url) as store:
            store.service("runs").create({**RUN, "name": "far-1"})

        page.get_by_role("row", name="far-1").wait_for()
        context.close()

"""Two users who sign in, each at a page of their own, and a Python that is signed in too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.browser.conftest import DASHBOARD, Pages
from tests.browser.test_training import events, press, says

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SERVER = Path(__file__).parent / "servers" / "shapes.py"
SIGN_IN = "await store.connect().catch(() => store.login('NAME@example.org', 'a long password'));"


@pytest.fixture(scope="module")
def guarded(node: None) -> Iterator[str]:
    """A backend where users sign in, with three who can."""
    with Backend(auth=True, signup=True) as running:
        with DataStore(running.url) as store:
            for name in ("ada", "bob", "python"):
                store.service("users").create({"email": f"{name}@example.org", "password": "a long password"})
        yield running.url


@contextmanager
def serving(url: str, folder: Path, name: str, public: str) -> Iterator[None]:
    """Runs the server, signed in as somebody."""
    login = {"MARCELLE_EMAIL": f"{name}@example.org", "MARCELLE_PASSWORD": "a long password"}
    environment = {**os.environ, "MARCELLE_BACKEND": url, "PUBLIC": public, **login}
    process = subprocess.Popen([sys.executable, str(SERVER)], cwd=folder, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def page_of(browser: Browser, pages: Pages, url: str, name: str) -> Iterator[Page]:
    """A page in a browser profile of its own, where somebody has signed in."""
    line = "const store = marcelle.dataStore('BACKEND');\n"
    assert line in DASHBOARD
    script = DASHBOARD.replace(line, f"{line}{SIGN_IN.replace('NAME', name)}\n")
    context = browser.new_context()
    thrown: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    page.goto(pages.serve(script, "{}", url))
    page.wait_for_function("window.model")
    yield page
    context.close()
    assert thrown == []


def test_a_server_is_there_for_its_user_alone_and_a_public_one_for_all_who_each_see_the_training(
    browser: Browser, pages: Pages, guarded: str, tmp_path: Path
) -> None:
    with page_of(browser, pages, guarded, "ada") as ada, page_of(browser, pages, guarded, "bob") as bob:
        with serving(guarded, tmp_path, "ada", ""):
            ada.get_by_role("status").get_by_text("Python is listening.").wait_for(timeout=60_000)
            says(bob, "No Python is listening")
            press(ada, "Train")
            ada.get_by_role("status").get_by_text("The training is done.").wait_for(timeout=60_000)
            press(bob, "Train")
            bob.get_by_text("Status: error").wait_for()
            assert bob.evaluate("store.service('training-jobs').find().then(({ total }) => total)") == 0

        with serving(guarded, tmp_path, "python", "1"):
            bob.get_by_role("status").get_by_text("Python is listening.").wait_for(timeout=60_000)
            press(ada, "Train")
            for page in (ada, bob):
                page.get_by_role("status").get_by_text("The training is done.").wait_for(timeout=60_000)
                page.get_by_text("Status: success").wait_for()
            assert [event["epoch"] for event in events(bob, "epoch")] == [1, 2, 3]
            assert [event["epoch"] for event in events(ada, "epoch")] == [1, 2, 3, 1, 2, 3]

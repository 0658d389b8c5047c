"""Pictures of what a reader gets who follows a page about trainings: its programs are those of the page itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from tests.helpers import eventually
from tests.support.docs.doc_pages import blocks
from tests.support.docs.doc_session import session
from tests.support.docs.reader import environment

from .taking import DOCS, GAP, keep, new_page
from .trainings import tomato

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TRIED = "Checkpoints: try one in this page"


def follow(
    name: str,
    backend: Backend,
    folder: str,
    count: int,
    times: int = 1,
    env: Mapping[str, str] | None = None,
    **changes: str,
) -> None:
    """Runs a page's first Python blocks, as a reader types them.

    Args:
        name: The page.
        backend: Where its runs go.
        folder: Where it is followed.
        count: How many blocks.
        times: How often the program is run.
        env: What is in its environment beside what the page takes for granted.
        changes: Numbers to use in place of the page's, which are small so that its test is quick: `epochs="30"` is put
            where the page has another value for `epochs=`.
    """
    place = Path(folder) / "reader"
    place.mkdir(exist_ok=True)
    programs = [block.text for block in blocks(DOCS / f"{name}.md") if block.language == "python" and not block.reason]
    for _ in range(times):
        with session(place, {**environment(backend.url), **(env or {})}) as reader:
            for number, program in enumerate(programs[:count]):
                for argument, value in changes.items():
                    program = re.sub(rf"\b{argument}=\d+", f"{argument}={value}", program)
                reader.run(f"{name}:{number}", program)


@contextmanager
def run_page(backend: Backend, run: str, width: int = 1040) -> Iterator[Page]:
    """A run's page in the dashboard, as soon as its curves are drawn."""
    with Site(page_files(backend.url)) as site, new_page(width, 1100, 2) as page:
        page.goto(site.url)
        page.get_by_role("link", name=run, exact=True).click()
        page.locator(".rt-chart canvas:visible").first.wait_for()
        yield page


def card(page: Page, title: str) -> Locator:
    """The card with a heading."""
    return page.locator(".card:visible").filter(has=page.locator("h2, h3, summary").get_by_text(title, exact=True))


def settled(page: Page, *titles: str) -> Page:
    """The page when nothing on it moves any more, as high as it is down to the lowest of some cards."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    page.mouse.wheel(0, -10_000)
    page.wait_for_timeout(300)
    boxes = [box for box in (card(page, title).bounding_box() for title in titles) if box is not None]
    if boxes and page.viewport_size is not None:
        bottom = max(round(box["y"] + box["height"]) for box in boxes)
        page.set_viewport_size({"width": page.viewport_size["width"], "height": bottom + GAP})
    return page


def keras(backend: Backend, folder: str) -> None:
    """The run of a fit that has kept three checkpoints."""
    follow("keras", backend, folder, 3, epochs="30")
    with run_page(backend, "threshold-3") as page:
        keep(settled(page, TRIED), "keras")


def loops(backend: Backend, folder: str) -> None:
    """The run of a loop around scikit-learn."""
    follow("loops", backend, folder, 2)
    with run_page(backend, "digits-sgd-1") as page:
        keep(settled(page, "Curves", "Parameters"), "loops")


def pytorch(backend: Backend, folder: str) -> None:
    """The run of a PyTorch module, with what its test said."""
    follow("frameworks/pytorch", backend, folder, 1)
    with run_page(backend, "threshold-1") as page:
        keep(settled(page, TRIED), "pytorch")


def lightning(backend: Backend, folder: str) -> None:
    """The run of a Lightning module."""
    follow("frameworks/lightning", backend, folder, 1, max_epochs="20")
    with run_page(backend, "threshold-1") as page:
        keep(settled(page, "Curves"), "lightning")


def huggingface(backend: Backend, folder: str) -> None:
    """The run of a `Trainer`."""
    follow("frameworks/huggingface", backend, folder, 1, num_train_epochs="15")
    with run_page(backend, "threshold-1", 1280) as page:
        keep(settled(page, "threshold-1", "Curves"), "huggingface")


def boosting(backend: Backend, folder: str) -> None:
    """The run of a booster."""
    follow("frameworks/boosting", backend, folder, 1)
    with run_page(backend, "cancer-1") as page:
        keep(settled(page, "Curves"), "boosting")


def browser(backend: Backend, folder: str) -> None:
    """A PyTorch model that is given an image in the dashboard."""
    follow("in-the-browser", backend, folder, 1)
    with run_page(backend, "colors-1", 1280) as page:
        page.locator(".rt-checkpoints button").first.click()
        page.get_by_text("is loaded").wait_for(timeout=60_000)
        page.locator(".rt-bench input[type=file]").set_input_files(tomato(Path(folder)))
        eventually(lambda: "red" in page.locator(".rt-answer").inner_text())
        keep(card(settled(page), TRIED), "in-the-browser")


def searches(backend: Backend, folder: str) -> None:
    """The trials of a study, of which some were pruned, and which rates were good."""
    follow("frameworks/searches", backend, folder, 1, n_trials="30")
    with Site(page_files(backend.url)) as site, new_page(1040, 1100, 1.2) as page:
        page.goto(site.url)
        page.get_by_text("Parallel coordinates").click()
        page.locator(".rt-parallel canvas").wait_for()
        keep(settled(page, "Parallel coordinates"), "searches")

"""Takes the film that opens the README anew, from a real run: `.venv/bin/python -m scripts.film`.

Needs the `dev` extra and a Chromium, as the tests do. Each picture is a screenshot of the interactive demo; between
them as much time passes as it takes, so that the film is as fast where the machine is slow.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from marcelle_rt.backend import Backend
from marcelle_rt.demo.interactive.run import demo_page, demo_server
from tests.demo.hand import Hand, Place
from tests.helpers import chromium, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILM = Path(__file__).parents[1] / "docs" / "interactive.webp"
SIZE = (960, 690)  # of the film; the page's window is wider
WINDOW = (1280, 920)
LARGEST = 2_000_000  # bytes


class Film:
    """Pictures of a page, each with its milliseconds, and the mouse on them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._pictures: list[Image.Image] = []
        self._durations: list[int] = []
        self.mouse: Place = (700, 600)

    def shot(self, milliseconds: int) -> None:
        """Takes a picture."""
        picture = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        draw = ImageDraw.Draw(picture)
        x, y = self.mouse
        arrow = [(0, 0), (0, 22), (5, 17), (9, 26), (13, 24), (9, 16), (16, 16)]
        draw.polygon([(x + dx, y + dy) for dx, dy in arrow], fill="black", outline="white")
        self._pictures.append(picture.resize(SIZE, Image.Resampling.LANCZOS))
        self._durations.append(milliseconds)

    def point_at(self, role: str, name: str) -> None:
        """Puts the mouse on something."""
        box = self._page.get_by_role(role, name=name, exact=True).bounding_box()  # type: ignore[arg-type]
        assert box is not None
        self.mouse = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.shot(400)

    def save(self, path: Path) -> int:
        """Writes the film, and returns its bytes."""
        first, *others = self._pictures
        options = {"duration": self._durations, "loop": 0, "quality": 80, "method": 4, "minimize_size": True}
        first.save(path, save_all=True, append_images=others, **options)
        return path.stat().st_size


def play(page: Page, film: Film) -> None:
    """Draws, trains, and draws again."""
    guide = page.locator("#guide")

    def drawn(place: Place) -> None:
        film.mouse = place
        film.shot(50)

    slow, quick = Hand(page, drawn), Hand(page)
    page.get_by_text("Draw something on the pad").wait_for(timeout=120_000)
    film.shot(1500)
    for label in ("star", "circle"):
        slow.draw(label)
        page.get_by_label("Name of a new class").fill(label)
        film.point_at("button", "Add")
        slow.add(label)
        page.wait_for_timeout(300)
        film.shot(1100)
    for _ in range(6):
        for label in ("star", "circle", "zigzag"):
            quick.draw(label)
            film.shot(90)
            quick.add(label)
            page.wait_for_timeout(400)
            film.shot(90)
    film.shot(800)
    film.point_at("button", "Train")
    page.get_by_role("button", name="Train", exact=True).click()
    quick.draw("star")
    film.shot(700)
    eventually(lambda: "Epoch" in guide.inner_text(), 180)
    while "Trained" not in guide.inner_text():
        film.shot(110)
        page.wait_for_timeout(250)
    page.get_by_text("Global Accuracy").wait_for()
    page.wait_for_timeout(500)
    film.shot(1500)
    for label in ("zigzag", "circle"):
        page.get_by_role("button", name="Clear").click()
        slow.draw(label)
        page.locator("#answer code", has_text=label).wait_for()
        page.wait_for_timeout(500)
        film.shot(1600)
    film.shot(1500)


def main() -> None:
    """Takes the film."""
    with (
        Backend(page=demo_page()) as backend,
        tempfile.TemporaryDirectory() as folder,
        demo_server(backend.url, Path(folder)),
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
        page.goto(f"{backend.url}/")
        film = Film(page)
        play(page, film)
        size = film.save(FILM)
    print(f"{FILM} has {size:,} bytes")
    if size > LARGEST:
        raise SystemExit(f"that is more than {LARGEST:,}")


if __name__ == "__main__":
    main()

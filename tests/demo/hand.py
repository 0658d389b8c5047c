"""A hand that draws on the interactive demo's page, for its tests and its film."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

Place = tuple[float, float]


def _circle(rng: random.Random) -> list[Place]:
    x, y, radius = rng.uniform(120, 180), rng.uniform(120, 180), rng.uniform(60, 85)
    steps = [math.radians(15 * step) for step in range(25)]
    return [(x + radius * math.cos(angle), y + radius * rng.uniform(0.95, 1.05) * math.sin(angle)) for angle in steps]


def _zigzag(rng: random.Random) -> list[Place]:
    x, y, width, height = rng.uniform(40, 80), rng.uniform(90, 130), rng.uniform(140, 190), rng.uniform(60, 100)
    return [(x + width * step / 4, y + height * (step % 2) + rng.uniform(-8, 8)) for step in range(5)]


def _star(rng: random.Random) -> list[Place]:
    x, y, radius = rng.uniform(130, 170), rng.uniform(130, 170), rng.uniform(70, 100)
    angles = [math.radians(144 * step - 90) for step in range(6)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


SHAPES: dict[str, Callable[[random.Random], list[Place]]] = {"circle": _circle, "star": _star, "zigzag": _zigzag}
"""What it can draw, as places on the pad."""


class Hand:
    """Draws with the mouse.

    Args:
        page: The demo's page.
        after: Called after each part of a stroke, with the mouse's place on the page.
    """

    def __init__(self, page: Page, after: Callable[[Place], None] = lambda place: None) -> None:
        self._page = page
        self._after = after
        self._random = random.Random(3)

    def draw(self, name: str) -> None:
        """Draws a shape on the pad, a little different each time."""
        pad = self._page.locator("#pad canvas")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        first, *others = [(box["x"] + x, box["y"] + y) for x, y in SHAPES[name](self._random)]
        self._page.mouse.move(*first)
        self._page.mouse.down()
        for place in others:
            self._page.mouse.move(*place)
            self._after(place)
        self._page.mouse.up()

    def add(self, label: str) -> None:
        """Adds what is drawn to a class, by its button, or as a new one."""
        known = self._page.locator(".classes button", has_text=label)
        if known.count():
            known.click()
            return
        self._page.get_by_label("Name of a new class").fill(label)
        self._page.get_by_role("button", name="Add", exact=True).click()
        known.wait_for()

    def collect(self, count: int, *labels: str) -> None:
        """Draws so many examples of each class."""
        for _ in range(count):
            for label in labels:
                before = self._count(label)
                self.draw(label)
                self.add(label)
                self._page.locator(".classes button", has_text=f"{label}{before + 1}").wait_for()

    def _count(self, label: str) -> int:
        button = self._page.locator(".classes button", has_text=label)
        return int(button.locator("b").inner_text()) if button.count() else 0

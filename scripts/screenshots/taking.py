"""How a picture is taken: a page in Chromium, what a terminal shows, and the docs' folder that it goes into."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from rich.console import Console
from rich.text import Text

from tests.helpers import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures"
GAP = 7  # pixels between cards and the end of their picture
PATIENCE = 600.0  # seconds for a training, also on a machine that has other work


@contextmanager
def new_page(width: int, height: int, scale: float = 1) -> Iterator[Page]:
    """A page in a headless Chromium, with so many pixels for each of the page's own."""
    with chromium() as browser:
        yield browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)


def keep(seen: Page | Locator, name: str, folder: Path = PICTURES, **options: Any) -> None:
    """Writes what is seen to the pictures, with fewer colors: a page has few, and with all of them a file is large."""
    picture = Image.open(io.BytesIO(seen.screenshot(**options))).convert("RGB")
    few = picture.quantize(256, dither=Image.Dither.NONE)
    few.save(folder / f"{name}.png", optimize=True)


def keep_drawn(console: Console, path: Path, title: str) -> None:
    """Writes what was printed as a picture of a terminal."""
    drawn = console.export_svg(title=title)
    # Fonts of another host would not be loaded where the picture is an image.
    path.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL))


def keep_commands(name: str, folder: Path, env: Mapping[str, str], *lines: str) -> None:
    """Runs commands in a folder, one after the other, and keeps what a terminal shows of them."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    for place, line in enumerate(lines):
        console.print(Text.assemble("\n" if place else "", ("$ ", "bold green"), (line, "bold")))
        told = subprocess.run(
            line.replace("marcelle-rt", f"{sys.executable} -m marcelle_rt"),
            cwd=folder, env={**env, "COLUMNS": "100"}, shell=True, check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        ).stdout  # fmt: skip
        console.print(Text(told.strip("\n")))
    console.print()  # the last line would be cut
    keep_drawn(console, PICTURES / f"{name}.svg", "Terminal")

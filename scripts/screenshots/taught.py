"""Pictures of pages that teach a model in Python: what they record, train, and are told."""

from __future__ import annotations

import base64
import io
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from marcelle_rt.backend import Backend
from marcelle_rt.backend.packages import page_libraries
from marcelle_rt.dashboard.site import Site
from tests.demo.hand import SHAPES
from tests.helpers import dashboard_html
from tests.support.docs.doc_pages import DOCS
from tests.support.docs.reader import block, environment, running, served, write_python_page

from .taking import GAP, PATIENCE, keep, new_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGE = DOCS / "python-model.md"


def draw(page: Page, shape: str, chance: random.Random) -> None:
    """Draws a shape on a stock pad."""
    pad = page.locator("canvas.sketchpad-container")
    pad.scroll_into_view_if_needed()
    page.get_by_role("button", name="Clear").click()
    box = pad.bounding_box()
    assert box is not None
    first, *others = [(box["x"] + x, box["y"] + y) for x, y in SHAPES[shape](chance)]
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def keep_cards(page: Page, name: str, first: str, last: str) -> None:
    """Keeps what is seen from one card to the lower end of another, when nothing moves any more."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    above, below = (page.locator(".card").filter(has_text=title).first.bounding_box() for title in (first, last))
    assert above is not None
    assert below is not None
    left, right = above["x"], max(box["x"] + box["width"] for box in (above, below))
    box = {"x": left - GAP, "y": above["y"] - GAP, "width": right - left + 2 * GAP}
    keep(page, name, clip={**box, "height": below["y"] + below["height"] - above["y"] + 2 * GAP})


def record(page: Page, count: int) -> None:
    """Records so many drawings of each of two classes."""
    chance = random.Random(3)
    for _ in range(count):
        for shape in ("circle", "star"):
            page.locator("input[type=text]").fill(shape)
            draw(page, shape, chance)
            page.get_by_role("button", name="Record").click()
    page.get_by_text(f"This dataset contains {2 * count} instances.").wait_for()


@contextmanager
def taught(backend: Backend, folder: str, program: str, serve: str, width: int, height: int) -> Iterator[Page]:
    """The page that docs/python-model.md makes, with drawings of two classes, and a Python that serves it."""
    place = Path(folder)
    file, _, _ = serve.split()[2].partition(":")
    (place / f"{file}.py").write_text(program)
    write_python_page(place, backend.url, PAGE)
    with (
        served(place / "page") as address,
        running(serve, place, environment(backend.url)),
        new_page(width, height, 1.5) as page,
    ):
        page.goto(address)
        page.get_by_role("status").get_by_text("Python is listening.").wait_for(timeout=PATIENCE * 1000)
        record(page, 8)
        yield page


def python_model(backend: Backend, folder: str) -> None:
    """The page when Python has trained, and says what is drawn."""
    program, serve = block(PAGE, "python", "@server.task"), block(PAGE, "sh", "marcelle-rt serve").splitlines()[1]
    with taught(backend, folder, program, serve, 1280, 1300) as page:
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_role("status").get_by_text("The training is done.").wait_for(timeout=PATIENCE * 1000)
        draw(page, "star", random.Random(7))
        page.locator(".card", has_text="What the model says").get_by_text("star").wait_for()
        keep_cards(page, "python-model", "Draw", "Training Progress")


def serving(backend: Backend, folder: str) -> None:
    """The part of a page that starts a training in Python, while it goes on."""
    source = DOCS / "serving.md"
    program, serve = block(source, "python", "@server.task\ndef shapes"), block(source, "sh", "marcelle-rt serve train")
    with taught(backend, folder, program, serve, 1280, 1300) as page:
        page.get_by_role("spinbutton").first.fill("60")
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_role("status").get_by_text(re.compile(r"Epoch 2\d of")).wait_for(timeout=PATIENCE * 1000)
        keep_cards(page, "serving", "Training in Python", "Training Progress")


SIDES = """<!doctype html><meta charset="utf-8"><style>{style}
body {{ margin: 0; padding: 20px; background: #edf2f7; font: 15px system-ui, sans-serif; color: #1a202c }}
main {{ display: grid; grid-template-columns: 400px 1fr; gap: 20px }}
section {{ padding: 16px; border-radius: 12px; background: white }}
h1 {{ margin: 0 0 12px; font-size: 16px }}
img.page {{ width: 100% }}
pre {{ margin: 0; padding: 12px; border-radius: 8px; background: #f8fafc; font-size: 13px; line-height: 1.5 }}
.output {{ margin: 8px 0 16px; background: none; color: #64748b }}
.seen {{ display: grid; grid-template-columns: repeat(5, auto); gap: 16px 12px }}
figure {{ margin: 0; text-align: center; font: 13px monospace }}
figure img {{ width: 88px; height: 88px; border: 1px solid #e2e8f0; border-radius: 6px }}
</style><main><section><h1>In the page</h1><img class="page" src="{page}"></section>
<section><h1>In Python</h1>{code}<pre class="output">{output}</pre><div class="seen">{seen}</div></section></main>"""


def address_of(png: bytes) -> str:
    """A picture as the address of an image in a page."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def data(backend: Backend, folder: str) -> None:
    """What a page has recorded, beside what Python got of it."""
    source = DOCS / "data-from-the-browser.md"
    script = block(source, "js", "const pad = sketchPad()").replace("'@marcellejs/core'", "'./marcelle.js'")
    script = script.replace("http://localhost:3030", backend.url)
    with Site({**page_libraries(), "index.html": dashboard_html(script)}) as site, new_page(600, 1100, 2) as page:
        page.goto(site.url)
        record(page, 5)
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(0, 0)
        page.wait_for_timeout(1500)
        recorded = page.locator("#app").screenshot()
        program = block(source, "python", "sketches.to_numpy(size=(64, 64), labels=labels)\nprint")
        told: dict[str, Any] = {}
        with redirect_stdout(io.StringIO()) as output:
            exec(program.replace("Dataset(None", f"Dataset({backend.url!r}"), told)  # the page's own words
        seen = []
        for image, place in zip(told["x"], told["y"], strict=True):
            png = io.BytesIO()
            Image.fromarray(image.astype("uint8")).save(png, "png")
            label = escape(told["labels"][place])
            seen.append(f'<figure><img src="{address_of(png.getvalue())}"><br>{place}: {label}</figure>')
        html = SIDES.format(
            style=HtmlFormatter(style="tango").get_style_defs(".highlight"),
            page=address_of(recorded),
            code=highlight(program, PythonLexer(), HtmlFormatter()),
            output=escape(output.getvalue()),
            seen="".join(seen),
        )
        page.set_viewport_size({"width": 1040, "height": 600})
        page.set_content(html)
        page.wait_for_timeout(300)
        keep(page, "data-from-the-browser", full_page=True)

"""A page made of Marcelle's stock components, and what a test does in it."""

from __future__ import annotations

import math
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

BODY = """
<div id="pad"></div><div id="browser"></div><div id="matrix"></div>
<button id="clicked" style="position: fixed; top: 0; right: 0; z-index: 9">click</button>
"""

SCRIPT = """
import {
  dataStore, dataset, datasetBrowser, sketchPad, tfjsModel, batchPrediction, confusionMatrix,
} from './marcelle.js';

const store = dataStore(BACKEND);
await store.connect();
const pad = sketchPad();
pad.mount(document.querySelector('#pad'));

// The components of a dataset, in the place of those of the one before.
let shownBefore = [];
window.begin = async (name) => {
  shownBefore.forEach((component) => component.destroy());
  window.instances = dataset(name, store);
  await instances.ready;
  const browser = datasetBrowser(instances);
  browser.mount(document.querySelector('#browser'));
  shownBefore = [browser];
};

let latest = null;
pad.$images.subscribe((image) => { latest = image; });
window.record = (y) => instances.create({ x: latest, y, thumbnail: pad.captureThumbnail() });
window.upload = (bytes, type, name) => store.uploadAsset(new Blob([new Uint8Array(bytes)], { type }), name);
window.count = () => instances.$count.value;

// Numbers as Playwright hands them over at once; a list of a million takes it seconds.
const base64 = (array) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(',')[1]);
  reader.readAsDataURL(new Blob([array]));
});

// What a page has for an instance's image: its pixels, and the numbers that it would feed a model.
const model = tfjsModel({ inputType: 'image', taskType: 'generic' });
await model.load(store, 'no such model').catch(() => {}); // the bundle has no other way to await TF.js' start
window.pixels = async (id) => {
  const { x } = await instances.get(id);
  return { data: await base64(x.data), width: x.width, height: x.height };
};
window.fed = async (id, [h, w]) => {
  model.inputShape = [1, h, w, 3];
  const { x } = await instances.get(id);
  const fed = model.preprocessImage(x);
  return base64(await fed.data());
};
window.matrix = (name) => {
  window.shown = confusionMatrix(batchPrediction(name, store));
  shown.mount(document.querySelector('#matrix'));
  shownBefore.push(shown);
};
window.ready = true;
"""


class Lab:
    """The page.

    Args:
        page: A browser's page.
        url: Where the page is served.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self._name = ""
        self._load()

    def begin(self, name: str) -> None:
        """Has it show a dataset, in the place of the one before."""
        self._name = name
        self.page.evaluate("(name) => begin(name)", name)

    def open(self) -> None:
        """Loads the page anew, with the dataset that it shows."""
        self._load()
        self.begin(self._name)

    def _load(self) -> None:
        self.page.goto(self._url)
        self.page.wait_for_function("window.ready")
        self.page.wait_for_selector("#pad canvas")

    def draw(self, corners: int, label: str) -> str:
        """Draws a shape on the sketch pad with the mouse, has the page record it, and gives the instance's `_id`."""
        self.page.click("#pad button")
        box = self.page.locator("#pad canvas").bounding_box()
        assert box is not None
        mouse = self.page.mouse
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        at = [
            (x + 90 * math.cos(t), y + 90 * math.sin(t))
            for t in (2 * math.pi * n / corners for n in range(corners + 1))
        ]
        mouse.move(*at[0])
        mouse.down()
        for place in at[1:]:
            mouse.move(*place, steps=4)
        mouse.up()
        return str(self.page.evaluate("async (y) => (await record(y)).id", label))

    def create(self, data: str) -> str:
        """Has the page create an instance of a JavaScript expression, and gives its `_id`."""
        return str(self.page.evaluate(f"async () => (await instances.create({data})).id"))

    def pixels(self, instance: str) -> NDArray[np.uint8]:
        """The image of an instance, as the page has it: `[height, width, 3]`."""
        seen = self.page.evaluate("(id) => pixels(id)", instance)
        return np.frombuffer(b64decode(seen["data"]), np.uint8).reshape(seen["height"], seen["width"], 4)[..., :3]

    def fed(self, instance: str, size: tuple[int, int]) -> NDArray[np.float32]:
        """The image of an instance, as the page feeds it to a model of that height and width: `[height, width, 3]`."""
        fed = b64decode(self.page.evaluate("([id, size]) => fed(id, size)", [instance, size]))
        return np.frombuffer(fed, np.float32).reshape(*size, 3)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """What a function is in the page."""
        return self.page.evaluate(script, argument)

    def thumbnails(self) -> int:
        """How many instances the dataset browser shows."""
        return int(self.page.locator("#browser img").count())

    def labels(self) -> dict[str, int]:
        """How many instances the dataset browser says that each class has."""
        return dict(self.page.evaluate(_CLASSES))


_CLASSES = """() => [...document.querySelectorAll('#browser .browser-class')].map((c) => [
  c.querySelector('.browser-class-title').textContent.trim(), c.querySelectorAll('img').length,
])"""

"""A real dashboard page that loads models from a real backend and predicts with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import requests

from marcelle_rt.dashboard.site import Site
from marcelle_rt.models import Converted
from tests.helpers import dashboard_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCRIPT = """
import { dataStore, tfjsModel } from './marcelle.js';

const store = dataStore(BACKEND);
await store.connect();

window.predict = async (id, samples) => {
  const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
  await model.load(store, id);
  const outputs = [];
  for (const sample of samples) outputs.push(await model.predict(sample));
  model.model.dispose();
  return outputs;
};
window.train = async (id, samples, targets, epochs) => {
  const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
  await model.load(store, id);
  model.model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const [x, y] = [samples, targets].map((values) => model.preprocess(values));
  return (await model.model.fit(x, y, { epochs, verbose: 0 })).history.loss;
};
window.ready = true;
"""

# What a page finds in a browser that has no WebGL, or where it is turned off.
WITHOUT_WEBGL = """
for (const { prototype } of [HTMLCanvasElement, OffscreenCanvas]) {
  const { getContext } = prototype;
  prototype.getContext = function (kind, ...options) {
    return kind.includes('webgl') ? null : getContext.call(this, kind, ...options);
  };
}
"""


class Dashboard:
    """A page, and the backend that it reads models from.

    Args:
        page: A browser's page.
        url: Where a page made of `SCRIPT` is served.
        backend: The backend's URL.
    """

    def __init__(self, page: Page, url: str, backend: str) -> None:
        self._page = page
        self._backend = backend
        page.goto(url)
        page.wait_for_function("window.ready")

    def predict(self, model: Converted, samples: np.ndarray) -> np.ndarray:
        """Stores a model as clients do, and predicts with `tfjsModel().load(store, id)` and `predict`."""
        outputs = self._page.evaluate("([id, samples]) => predict(id, samples)", [self._store(model), samples.tolist()])
        return np.asarray(outputs, "float32")

    def computes_by(self) -> str:
        """What TF.js computes by in this page, such as `"webgl"`."""
        return str(self._page.evaluate("globalThis._tfengine.backendName"))

    def train(self, model: Converted, samples: np.ndarray, targets: np.ndarray, epochs: int) -> list[float]:
        """Trains a stored model further in the page, and gives the loss of each epoch."""
        arguments = [self._store(model), samples.tolist(), targets.tolist(), epochs]
        losses: list[float] = self._page.evaluate("(given) => train(...given)", arguments)
        return losses

    def _store(self, model: Converted) -> str:
        uploads = [(path.name, (path.name, path.read_bytes())) for path in model.files]
        answer = requests.post(f"{self._backend}/tfjs-models/upload", files=uploads, timeout=60)
        document = {"name": "a model", "files": answer.json(), "format": model.format, "metadata": model.metadata}
        created = requests.post(f"{self._backend}/tfjs-models", json=document, timeout=60)
        created.raise_for_status()
        return str(created.json()["_id"])


@contextmanager
def opened(browser: Browser, backend: str, webgl: bool = True) -> Iterator[Dashboard]:
    """Opens such a page, in a profile of its own.

    Args:
        browser: A browser.
        backend: The backend's URL.
        webgl: Whether the browser has WebGL. Where it has not, TF.js computes on the processor.
    """
    context = browser.new_context()
    if not webgl:
        context.add_init_script(WITHOUT_WEBGL)
    with Site({"index.html": dashboard_html(SCRIPT.replace("BACKEND", json.dumps(backend)))}) as site:
        yield Dashboard(context.new_page(), site.url, backend)
    context.close()


def predict_by_onnxruntime(path: Path, samples: np.ndarray) -> np.ndarray:
    """What an ONNX model's first output is for these samples."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs: list[Any] = session.run(None, {session.get_inputs()[0].name: samples})
    return np.asarray(outputs[0], "float32")

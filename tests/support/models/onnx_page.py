"""A page that runs stored ONNX models as a dashboard's author would write it, with a version of onnxruntime-web."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marcelle_rt.backend.packages import install
from marcelle_rt.dashboard.site import Content, Site
from tests.helpers import dashboard_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUNTIMES = ("oldest", "newest")
"""The oldest onnxruntime-web that `@marcellejs/core` may be built with, and the one of today."""

_LOCKS = Path(__file__).parents[1] / "onnxruntime"

_SCRIPT = """
import { dataStore, onnxModel } from './marcelle.js';

ort.env.wasm.wasmPaths = new URL('./', document.baseURI).href;
ort.env.wasm.numThreads = 1;
const store = dataStore(BACKEND);
await store.connect();

window.predict = async (id, taskType, samples, shape) => {
  const document = await store.service('onnx-models').get(id);
  const { labels, inputShape } = document.metadata;
  const model = onnxModel({ inputType: 'generic', taskType, inputShape: shape ?? inputShape });
  model.labels = labels;
  await model.loadFromUrl(`${store.location}/onnx-models/${document.id}/${document.files[0][0]}`);
  const answers = [];
  for (const sample of samples) answers.push(await model.predict(sample));
  return answers;
};
window.ready = true;
"""


class OnnxPage:
    """A page with `onnxModel`, and the backend that it reads models from."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        page.goto(url)
        page.wait_for_function("window.ready")

    def predict(
        self, model_id: str, samples: Any, task: str = "generic", shape: list[int] | None = None
    ) -> list[dict[str, Any]]:
        """What `onnxModel(...).predict` answers for each sample, of a model of the backend.

        Args:
            model_id: The model's `_id`.
            samples: One instance each.
            task: `"generic"` or `"classification"`.
            shape: The shape that the model is fed; the one of its document if `None`.
        """
        given = [model_id, task, [[sample] for sample in samples.tolist()], shape]
        answers: list[dict[str, Any]] = self._page.evaluate("(given) => predict(...given)", given)
        return answers


def runtime_files(runtime: str) -> dict[str, Content]:
    """The files of one of `RUNTIMES`, by the names under which pages load them."""
    folder = install(_LOCKS / runtime) / "node_modules" / "onnxruntime-web" / "dist"
    names = ("ort.wasm.min.js", "ort-wasm*.wasm", "ort-wasm*.mjs")
    return {path.name: path for name in names for path in folder.glob(name)}


@contextmanager
def onnx_page(browser: Browser, backend_url: str, runtime: str) -> Iterator[OnnxPage]:
    """Opens such a page with one of `RUNTIMES`."""
    files = runtime_files(runtime)
    script = _SCRIPT.replace("BACKEND", json.dumps(backend_url))
    files["index.html"] = dashboard_html(script, '<script src="ort.wasm.min.js"></script>')
    context = browser.new_context()
    with Site(files) as site:
        yield OnnxPage(context.new_page(), site.url)
    context.close()

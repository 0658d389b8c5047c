"""PyTorch's modules predict in a real page, as ONNX and as TF.js graph-models, what they predict in PyTorch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from marcelle_rt import Remote
from marcelle_rt.backend import Backend
from marcelle_rt.models.checkpoints.usage import Usage
from marcelle_rt.models.torch_modules.exporter import ModuleExporter
from tests.frameworks.module_kinds import MODULE_KINDS
from tests.support.models.model_dashboard import Dashboard, opened
from tests.support.models.model_kind import spread_of
from tests.support.models.onnx_page import RUNTIMES, OnnxPage, onnx_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = Path(__file__).parents[2] / "docs" / "in-the-browser.md"
BEGIN = "<!-- measured by tests/frameworks/test_modules_in_pages.py -->\n"
END = "<!-- end of what is measured -->\n"
TOLERANCE = 1e-5
LEAST_SPREAD = 0.03
COLUMNS = ("graph-model", *(f"ONNX, {runtime} onnxruntime-web" for runtime in RUNTIMES))


class Measurements:
    """Compares each kind once, when it is first asked for."""

    def __init__(self, dashboard: Dashboard, pages: list[OnnxPage], remote: Remote, folder: Path) -> None:
        self._dashboard = dashboard
        self._pages = pages
        self._remote = remote
        self._folder = folder
        self._rows: dict[str, list[float]] = {}

    def __getitem__(self, name: str) -> list[float]:
        """The largest difference from PyTorch, in each way into a page."""
        if name not in self._rows:
            self._rows[name] = self._measure(name)
        return self._rows[name]

    def _measure(self, name: str) -> list[float]:
        kind = MODULE_KINDS[name]
        module, samples = kind.trained(), kind.samples()
        expected = module(samples).detach().numpy()
        assert spread_of(expected) > LEAST_SPREAD, "these samples hardly change what is predicted"
        exporter = ModuleExporter(module, Usage(example=samples))
        graph_model = exporter.write(module, self._folder / f"{name}-tfjs", "tfjs")
        found = [self._dashboard.predict(graph_model, samples.numpy())]
        assert found[0].shape == expected.shape
        onnx = exporter.write(module, self._folder / f"{name}-onnx", "onnx")
        document = self._remote.upload_onnx_model(str(onnx.files[0]), onnx.metadata)
        for page in self._pages:
            answers = [answer["output"] for answer in page.predict(document["_id"], samples.numpy())]
            found.append(np.asarray(answers, "float32").reshape(expected.shape))
        return [float(np.abs(each - expected).max()) for each in found]


@pytest.fixture(scope="module")
def measurements(
    browser: Browser, backend: Backend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Measurements]:
    with ExitStack() as stack:
        dashboard = stack.enter_context(opened(browser, backend.url))
        pages = [stack.enter_context(onnx_page(browser, backend.url, runtime)) for runtime in RUNTIMES]
        remote = stack.enter_context(Remote(backend.url))
        yield Measurements(dashboard, pages, remote, tmp_path_factory.mktemp("modules"))


@pytest.mark.parametrize("name", MODULE_KINDS)
def test_a_module_predicts_in_a_page_as_in_pytorch(name: str, measurements: Measurements) -> None:
    assert max(measurements[name]) <= TOLERANCE, dict(zip(COLUMNS, measurements[name], strict=True))


def rendered(measurements: Any) -> str:
    lines = [f"| Kind of module | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, kind in MODULE_KINDS.items():
        cells = ["yes" if difference <= TOLERANCE else "no" for difference in measurements[name]]
        lines.append(f"| {kind.title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_table_in_the_docs_says_what_was_measured(measurements: Measurements) -> None:
    before, rest = DOCS.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    measured = f"\n{rendered(measurements)}\n"
    if os.environ.get("MARCELLE_RT_WRITE_DOCS"):
        DOCS.write_text(f"{before}{BEGIN}{measured}{END}{after}", encoding="utf-8")
        table = measured
    assert table == measured, "MARCELLE_RT_WRITE_DOCS=1 scripts/test --frameworks tests/frameworks writes it anew"

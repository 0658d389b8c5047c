"""A PyTorch classifier of images in dashboards: `tfjsModel` as it is, `onnxModel` with the page's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.models import ImageInput
from tests.support.models.onnx_page import RUNTIMES, onnx_page
from tests.support.writers import said

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Image = pytest.importorskip("PIL.Image")

SIZE = (12, 16)
LABELS = ["red", "green", "blue"]

STOCK = """
import { confidencePlot, dashboard, dataStore, imageUpload, tfjsModel } from './marcelle.js';

const store = dataStore(BACKEND);
await store.connect();
const source = imageUpload();
const classifier = tfjsModel({ inputType: 'image', taskType: 'classification' });
await classifier.load(store, ID);
const $predictions = source.$images.filter((image) => image).map((image) => classifier.predict(image)).awaitPromises();
$predictions.subscribe((prediction) => { window.prediction = prediction; });
const dash = dashboard({ title: 'Colors', author: 'me' });
dash.page('Main').use(source, confidencePlot($predictions));
dash.show();
window.ready = true;
"""


def classifier() -> nn.Module:
    """Says which color there is most of; its first layer sees edges too."""
    torch.manual_seed(2)
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    optimizer = torch.optim.Adam(module.parameters(), 0.03)
    for _ in range(60):
        colors = torch.eye(3).repeat(4, 1)
        batch = (colors[:, :, None, None] + 0.1 * torch.randn(12, 3, *SIZE) - 0.45) / 0.22
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(batch), torch.arange(3).repeat(4)).backward()
        optimizer.step()
    return module.eval()


def picture(seed: int) -> Any:
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 90, (*SIZE, 3))
    pixels[..., seed % 3] += 150
    return pixels.astype("uint8")


def expected(module: nn.Module, pixels: Any) -> dict[str, float]:
    batch = (torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255 - 0.45) / 0.22
    with torch.no_grad():
        return dict(zip(LABELS, module(batch).softmax(1)[0].tolist(), strict=True))


def checkpoint(backend: Backend, folder: Path, remote_format: str) -> tuple[nn.Module, str]:
    """Trains, saves, and gives the model's `_id` on the backend."""
    module = classifier()
    with Writer("colors", backend.url, remote_save_format=remote_format, base_log_dir=folder) as writer:
        image = ImageInput(SIZE, mean=0.45, std=0.22)
        writer.create_run(module, preprocess=image, activation="softmax", labels=LABELS)
        writer.save_epoch(1, {"loss": 0.1}, save_checkpoint=True)
    with DataStore(backend.url) as store:
        (entry,) = store.service("runs").get(writer.run_id)["checkpoints"]
    return module, entry["id"]


def test_a_stock_image_dashboard_answers_with_the_names_of_the_classes(
    backend: Backend, page: Page, dashboard_page: Callable[..., str], tmp_path: Path
) -> None:
    module, model_id = checkpoint(backend, tmp_path / "logs", "tfjs")
    page.goto(dashboard_page(STOCK.replace("BACKEND", repr(backend.url)).replace("ID", repr(model_id))))
    page.wait_for_function("window.ready")

    for seed in range(3):
        pixels = picture(seed)
        Image.fromarray(pixels).save(tmp_path / f"{seed}.png")
        page.evaluate("window.prediction = null")
        page.locator("input[type=file]").set_input_files(tmp_path / f"{seed}.png")
        page.wait_for_function("window.prediction")
        answer = page.evaluate("window.prediction")
        assert answer["label"] == LABELS[seed]
        assert answer["confidences"] == pytest.approx(expected(module, pixels), abs=1e-4)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_onnx_takes_the_pixels_of_an_image_of_any_size(
    runtime: str, backend: Backend, browser: Browser, tmp_path: Path
) -> None:
    module, model_id = checkpoint(backend, tmp_path / "logs", "onnx")
    pixels = picture(1)
    wide = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)  # of which the middle of four equal pixels is one
    with onnx_page(browser, backend.url, runtime) as page:
        for image in (pixels, wide):
            with_alpha = np.concatenate([image, np.full((*image.shape[:2], 1), 255, "uint8")], axis=2)
            (answer,) = page.predict(model_id, with_alpha[None], "classification", [1, *with_alpha.shape])
            assert answer["label"] == "green"
            assert answer["confidences"] == pytest.approx(expected(module, pixels), abs=1e-4)


def test_a_module_that_changes_so_that_it_takes_its_example_no_more_is_told_in_one_line(
    writer: Writer, capfd: pytest.CaptureFixture[str]
) -> None:
    module = nn.Sequential(nn.Linear(4, 3))
    writer.create_run(module, example=torch.ones(1, 4))
    writer.save_checkpoint(1)
    module[0] = nn.Linear(6, 3)
    (text,) = said(lambda: writer.save_checkpoint(2))

    assert "[1, 4] X [6, 3]" in text
    assert "Traceback" not in capfd.readouterr().err

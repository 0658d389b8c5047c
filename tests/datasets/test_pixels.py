"""What Python has of an image is what a page has of it, pixel for pixel; how it is stored is the same everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marcelle_rt import Dataset
from marcelle_rt.backend import Backend
from tests.datasets.lab import Lab

Image = pytest.importorskip("PIL.Image")

SMOOTH = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)


@pytest.fixture(scope="module")
def backend(nedb: Backend) -> Backend:
    """One database will do: an image is a text to it, and what test_page.py draws is read from both."""
    return nedb


def test_images_are_resized_as_the_page_resizes_what_it_feeds_a_model(lab: Lab, dataset: Dataset) -> None:
    lab.draw(3, "triangle")

    for size in ((28, 28), (64, 48), (224, 224), (333, 301)):
        data = dataset.to_numpy(size=size, labels=["square", "triangle"])
        assert data.x.shape == (1, *size, 3)
        assert data.x.dtype == np.float32
        assert data.x.min() < 128
        assert np.abs(data.x[0] - lab.fed(data.ids[0], size)).max() < 0.01
        assert data.y.tolist() == [1]
        assert data.y.dtype == np.int64


def test_images_of_other_kinds_are_seen_by_a_page_as_by_python(lab: Lab, dataset: Dataset) -> None:
    """CMYK, grey, palettes and transparency, large and very small."""
    rng = np.random.default_rng(0)
    given = [
        Image.fromarray(SMOOTH).convert("CMYK"),
        Image.fromarray(SMOOTH).convert("L"),
        Image.fromarray(SMOOTH).convert("P"),
        np.dstack([SMOOTH, rng.integers(0, 2, (48, 64), dtype=np.uint8) * 255]),
        np.full((1, 1, 3), 200, np.uint8),
        rng.integers(0, 255, (480, 640, 3), dtype=np.uint8),
    ]
    added = [dataset.add(image, str(number))["_id"] for number, image in enumerate(given)]

    pixels = {document["_id"]: document["x"] for document in dataset}
    for identity in added:
        assert np.array_equal(lab.pixels(identity), pixels[identity])


def test_a_cmyk_file_is_loaded_so_that_a_page_sees_what_python_sees(lab: Lab, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    Image.fromarray(SMOOTH).convert("CMYK").save(tmp_path / "cat" / "cmyk.jpg")
    Image.fromarray(SMOOTH).save(tmp_path / "cat" / "progressive.jpg", progressive=True)

    assert len(dataset.load(tmp_path)) == 2

    for document in dataset:
        assert np.abs(lab.pixels(document["_id"]).astype(int) - document["x"]).max() <= 1

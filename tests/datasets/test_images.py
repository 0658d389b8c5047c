"""Images of Python's and a page's: the same pixel for pixel, and shown in the page as they come, change and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marcelle_rt import Dataset
from marcelle_rt.backend import Backend
from tests.datasets.lab import Lab
from tests.helpers import eventually

Image = pytest.importorskip("PIL.Image")

SMOOTH = np.linspace(0, 255, 48 * 64 * 3).reshape(48, 64, 3).astype(np.uint8)


@pytest.fixture(scope="module")
def backend(nedb: Backend) -> Backend:
    """One database will do: an image is a text to it, and test_page.py has a page's documents and events on both."""
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


def test_an_image_that_python_adds_shows_in_the_page_at_once_and_after_a_reload(lab: Lab, dataset: Dataset) -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, 40:] = (200, 40, 90)

    added = dataset.add(image, "striped")

    eventually(lambda: lab.thumbnails() == 1)
    assert lab.evaluate("() => count()") == 1
    seen = lab.pixels(added["_id"])
    assert seen.shape == (40, 80, 3)
    assert np.abs(seen[:, 60] - [200, 40, 90]).max() < 6
    lab.open()
    eventually(lambda: lab.thumbnails() == 1)
    assert lab.evaluate("() => count()") == 1
    assert "striped" in lab.page.inner_text("#browser")
    size = (
        "() => { const { naturalWidth: w, naturalHeight: h } = document.querySelector('#browser img'); return [w, h]; }"
    )
    assert lab.evaluate(size) == [60, 30]


def test_a_label_that_python_gives_shows_in_an_open_page(lab: Lab, dataset: Dataset) -> None:
    first = lab.draw(3, "triangle")
    lab.draw(4, "square")
    eventually(lambda: lab.thumbnails() == 2)

    dataset.relabel(first, "square")

    eventually(lambda: lab.labels() == {"square": 2})
    assert lab.evaluate("() => count()") == 2
    lab.open()
    eventually(lambda: lab.labels() == {"square": 2})
    dataset.remove(dataset.to_numpy().ids[0])
    eventually(lambda: lab.thumbnails() == 1)
    dataset.clear()
    eventually(lambda: lab.thumbnails() == 0 and lab.evaluate("() => count()") == 0)


def test_many_images_of_pythons_show_live_each_with_a_thumbnail(lab: Lab, dataset: Dataset) -> None:
    images = np.random.default_rng(0).integers(0, 255, (25, 12, 12, 3), dtype=np.uint8)

    dataset.add_many(images, [f"class {n % 2}" for n in range(25)])

    eventually(lambda: lab.thumbnails() == 25)
    assert lab.labels() == {"class 0": 13, "class 1": 12}
    assert lab.evaluate("() => [...document.querySelectorAll('#browser img')].every((i) => i.naturalWidth === 60)")

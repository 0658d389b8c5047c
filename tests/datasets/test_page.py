"""A dataset between Python and a real page with stock components."""

from __future__ import annotations

import numpy as np
import pytest

from marcelle_rt import Dataset
from tests.datasets.lab import Lab
from tests.helpers import eventually

pytest.importorskip("PIL")


def test_what_a_page_records_on_a_sketch_pad_is_what_python_reads(lab: Lab, dataset: Dataset) -> None:
    recorded = {lab.draw(3, "triangle"): "triangle", lab.draw(4, "square"): "square"}

    assert len(dataset) == 2
    assert dataset.count("square") == 1
    for instance in dataset:
        seen = lab.evaluate("(id) => pixels(id)", instance["_id"])
        pixels = np.reshape(seen["data"], (seen["height"], seen["width"], 4))[..., :3]
        assert instance["y"] == recorded[instance["_id"]]
        assert instance["x"].dtype == np.uint8
        assert instance["x"].min() < 64
        assert np.array_equal(instance["x"], pixels)


@pytest.mark.parametrize("size", [(28, 28), (64, 48), (224, 224), (333, 301)], ids=str)
def test_images_are_resized_as_the_page_resizes_what_it_feeds_a_model(
    lab: Lab, dataset: Dataset, size: tuple[int, int]
) -> None:
    lab.draw(3, "triangle")

    data = dataset.to_numpy(size=size, labels=["square", "triangle"])

    fed = np.reshape(lab.evaluate("([id, size]) => fed(id, size)", [data.ids[0], size]), (*size, 3))
    assert data.x.shape == (1, *size, 3)
    assert data.x.dtype == np.float32
    assert data.x.min() < 128
    assert np.abs(data.x[0] - fed).max() < 0.01
    assert data.y.tolist() == [1]
    assert data.y.dtype == np.int64


def test_an_image_that_python_adds_shows_in_the_page_at_once_and_after_a_reload(lab: Lab, dataset: Dataset) -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, 40:] = (200, 40, 90)

    added = dataset.add(image, "striped")

    eventually(lambda: lab.thumbnails() == 1)
    assert lab.evaluate("() => count()") == 1
    seen = lab.evaluate("(id) => pixels(id)", added["_id"])
    assert (seen["height"], seen["width"]) == (40, 80)
    assert np.abs(np.reshape(seen["data"], (40, 80, 4))[:, 60, :3] - [200, 40, 90]).max() < 6
    lab.open()
    eventually(lambda: lab.thumbnails() == 1)
    assert lab.evaluate("() => count()") == 1
    assert "striped" in lab.page.inner_text("#browser")
    size = (
        "() => { const { naturalWidth: w, naturalHeight: h } = document.querySelector('#browser img'); return [w, h]; }"
    )
    assert lab.evaluate(size) == [60, 30]

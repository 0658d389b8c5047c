"""What TensorFlow reads of a dataset."""

from __future__ import annotations

import numpy as np
import pytest

from marcelle_rt import Dataset

tf = pytest.importorskip("tensorflow")


def test_tensorflow_reads_batches_anew_for_each_epoch(dataset: Dataset) -> None:
    rng = np.random.default_rng(0)
    dataset.add_many(rng.integers(0, 255, (10, 9, 9, 3), dtype=np.uint8), ["b", "a"] * 5, gently=False)
    x, y = dataset.to_numpy(size=(6, 5), labels=["a", "b"])

    batches = dataset.to_tf(size=(6, 5), batch_size=4, labels=["a", "b"])

    for _ in range(2):
        read = list(batches.as_numpy_iterator())
        assert [len(labels) for _, labels in read] == [4, 4, 2]
        assert np.array_equal(np.concatenate([images for images, _ in read]), x)
        assert np.array_equal(np.concatenate([labels for _, labels in read]), y)
    assert batches.element_spec[0].shape.as_list() == [None, 6, 5, 3]
    dataset.add([1.0], "a")
    with pytest.raises(tf.errors.OpError, match="is not an image"):
        list(batches.as_numpy_iterator())


def test_tensorflow_reads_texts_and_labels_as_they_are(dataset: Dataset) -> None:
    dataset.add("hello", "greeting")
    ((texts, labels),) = dataset.to_tf().as_numpy_iterator()
    assert (texts.tolist(), labels.tolist()) == ([b"hello"], [b"greeting"])

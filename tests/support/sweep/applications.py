"""Every architecture of `keras.applications`, at the smallest size it takes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np

from tests.support.models.model_kind import make_matter
from tests.support.sweep.case import Arrays, Case

CLASSES = 5
IN_PAGE = ("EfficientNetB0", "MobileNet", "MobileNetV2", "MobileNetV3Small")
"""Those that are small enough to be handed to a page."""
LARGE = ("Base", "Large", "Small", "B5", "B6", "B7", "V2L", "V2M", "101", "152", "101V2", "152V2", "ResNetV2")
"""How the names of the large ones end."""
_SIZES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}
_BATCH = 16
"""How many images the normalizations take their means and variances from."""


def names() -> list[str]:
    """The architectures, the large ones last."""
    found = [name for name in dir(keras.applications) if name[0].isupper()]
    return sorted(found, key=lambda name: (name not in IN_PAGE, name.endswith(LARGE), name))


def cases() -> Iterator[Case]:
    """A case for each architecture."""
    for name in names():
        yield Case(name, partial(build, name), samples, partial(exact, name))


def build(name: str) -> Any:
    """An architecture with weights as a trained one has them: values stay near 1 in all its depth, and at its end.

    The normalizations' statistics are those of images among which the samples are. By the statistics of others, each
    would enlarge what is special in a sample, and a hundred of them in a row so much that 32-bit floats are in doubt
    in their first digit.
    """
    model = _fresh(name)
    images = _images(model, _BATCH)
    make_matter(model, images)
    largest = float(np.abs(np.asarray(model(images, training=False))).max())
    ends = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)]
    ends[-1].set_weights([weights / largest for weights in ends[-1].get_weights()])
    return model


def samples(model: Any) -> Arrays:
    return [_images(model, _BATCH)[:2]]


def exact(name: str, model: Any, given: Arrays) -> Arrays:
    """What an architecture predicts with the same weights and 64-bit floats.

    In so deep a network the roundings of 32-bit floats add up to some 5e-5, in Keras too: to compare with what Keras
    rounds would count them twice.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        same = _fresh(name)
    finally:
        keras.config.set_dtype_policy(policy)
    for own, other in zip(same.weights, model.weights, strict=True):
        own.assign(np.asarray(other, "float64"))  # one by one: all at once would be half as much again
    found = [np.asarray(same(given[0].astype("float64"), training=False))]
    del same
    gc.collect()  # its layers know each other, so that it would stay for long
    return found


def _fresh(name: str) -> Any:
    size = _SIZES.get(name, 32)
    make = getattr(keras.applications, name)
    return make(weights=None, input_shape=(size, size, 3), classes=CLASSES, classifier_activation=None)


def _images(model: Any, count: int) -> np.ndarray:
    shape = (count, *model.inputs[0].shape[1:])
    return np.random.default_rng(7).uniform(0, 255, shape).astype("float32")

"""Every architecture of `keras.applications`, at the smallest size it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tests.support.models.model_kind import make_matter
from tests.support.sweep.case import Arrays, Case

CLASSES = 5
IN_PAGE = ("EfficientNetB0", "MobileNet", "MobileNetV2", "MobileNetV3Small")
"""Those that are small enough to be handed to a page."""
_LARGE = ("Base", "Large", "Small", "B5", "B6", "B7", "V2L", "V2M", "101", "152", "101V2", "152V2", "ResNetV2")
_SIZES = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}


def names() -> list[str]:
    """The architectures, the large ones last."""
    found = [name for name in dir(keras.applications) if name[0].isupper()]
    return sorted(found, key=lambda name: (name not in IN_PAGE, name.endswith(_LARGE), name))


def cases() -> Iterator[Case]:
    """A case for each architecture."""
    for name in names():
        yield Case(name, _builder(name), samples)


def _builder(name: str) -> Any:
    def build() -> Any:
        size = _SIZES.get(name, 32)
        make = getattr(keras.applications, name)
        model = make(weights=None, input_shape=(size, size, 3), classes=CLASSES, classifier_activation=None)
        make_matter(model, np.random.default_rng(5).uniform(0, 255, (4, size, size, 3)).astype("float32"))
        return model

    return build


def samples(model: Any) -> Arrays:
    return [np.random.default_rng(7).uniform(0, 255, (2, *model.inputs[0].shape[1:])).astype("float32")]

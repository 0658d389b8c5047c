"""Saves an estimator as an ONNX file, which is what pages load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage
from ..converted import Converted
from ..onnx_files.classes import LABEL, PROBABILITIES
from ..onnx_files.fitting import fit
from ..onnx_files.running import run
from ..onnx_files.writing import write
from .export import export
from .facts import TARGET, Facts, facts_of

_TOLERANCE = 1e-3
_MOST = 0.9
"""Trees compare with 64 bits, and with 32 in ONNX: what lies on a threshold may fall on its other side."""


class EstimatorSaver:
    """Saves one estimator; see `checkpoints.saving.Saver`.

    Args:
        estimator: The estimator, or a booster; it need not be fitted yet.
        usage: What its user says of what pages feed and read.
    """

    converts_later = True
    format = "onnx"

    def __init__(self, estimator: Any, usage: Usage) -> None:
        self._estimator = estimator
        self._usage = usage
        self.metadata: dict[str, Any] = {}
        self.remarks: list[str] = []

    def save(self, directory: Path, name: str, *, with_optimizer: bool = False) -> Path:
        """Converts it as it is now, and writes the file; an estimator has no optimizer.

        Raises:
            ConversionError: It is not fitted, can't be converted, or predicts something else then.
            OSError: If the disk can't be written.
        """
        facts = facts_of(self._estimator, self._usage)
        fitted = fit(export(self._estimator, facts), facts.name, self._usage.labels or _names(facts))
        self.metadata = {**self._usage.metadata, **fitted.metadata}
        self.remarks = _remarks(facts) + _compare(self._estimator, facts, fitted.model, self._usage.example)
        return write(fitted.model, directory, name)

    def convert(self, directory: Path, remote_format: str) -> Converted | None:
        """There is nothing to convert: pages load the file as it is, whatever format others have."""
        return None

    def forget(self) -> None:
        """There is nothing to leave."""


def _names(facts: Facts) -> list[str] | None:
    """The names of classes that are not just numbered."""
    if facts.classes is None or facts.classes == list(range(len(facts.classes))):
        return None
    return [str(name) for name in facts.classes]


def _remarks(facts: Facts) -> list[str]:
    if facts.classes is None or facts.has_probabilities:
        return []
    return [
        f"A {facts.name} as it is has decision values and no probabilities, and pages show those as confidences; use "
        "for example SVC(probability=True), SGDClassifier(loss='log_loss') or CalibratedClassifierCV."
    ]


def _compare(estimator: Any, facts: Facts, model: Any, example: Any) -> list[str]:
    """Sees that the file predicts what the estimator does; a sentence where it does so for most of the rows only."""
    import numpy as np

    if not hasattr(estimator, "get_params") and facts.library == "xgboost":
        return []  # a bare booster predicts from a matrix of its own kind, and what that means its parameters say
    batch = np.random.default_rng(0).normal(size=(8, facts.features)) if example is None else np.asarray(example)
    batch = batch.astype("float32")
    answers = run(model, batch)
    if facts.classes is None:
        expected, found = np.ravel(estimator.predict(batch)), np.ravel(next(iter(answers.values())))
    elif facts.has_probabilities:
        expected, found = np.asarray(estimator.predict_proba(batch)), answers[PROBABILITIES]
    else:
        expected = np.asarray([facts.classes.index(label) for label in np.ravel(estimator.predict(batch)).tolist()])
        found = answers[LABEL]
    same: Any = np.zeros(1, "bool")
    if expected.shape == found.shape:
        close = np.isclose(expected, found, rtol=_TOLERANCE, atol=_TOLERANCE)
        same = close.reshape(len(batch), -1).all(axis=1)
    if same.mean() < _MOST:
        raise ConversionError(
            TARGET, facts.name, "it predicts something else in ONNX; make a file yourself, and save that"
        )
    if same.all():
        return []
    count = f"{int((~same).sum())} of {len(same)} rows"
    return [
        f"In ONNX a {facts.name} predicts otherwise for {count}, which lie on thresholds: it computes with 32 bits."
    ]

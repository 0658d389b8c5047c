"""Saves an estimator as an ONNX file, which is what pages load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage
from ..converted import Converted
from ..onnx_files.classes import LABEL, PROBABILITIES, in_order
from ..onnx_files.fitting import fit
from ..onnx_files.running import run
from ..onnx_files.writing import write
from ..reasons import first_line
from .export import OWN_FILE, asked_booster, export
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
        labels, remarks = in_order(self._usage.labels, facts.classes)
        fitted = fit(export(self._estimator, facts), facts.name, labels or _names(facts))
        self.metadata = {**self._usage.metadata, **fitted.metadata}
        compared = _compare(self._estimator, facts, fitted.model, self._usage.example)
        about_order = [f"Of the {facts.name}, {remark}." for remark in remarks]
        self.remarks = about_order + _remarks(facts, self._usage) + compared
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


def _remarks(facts: Facts, usage: Usage) -> list[str]:
    if facts.finds_outliers:
        return [
            f"The {facts.name} gives -1 to outliers and 1 to the others, and a score of which no probabilities can be "
            "made: load it in a page with taskType 'generic'."
        ]
    if facts.classes is None:
        return []
    remarks = []
    if usage.labels is not None and len(usage.labels) != len(facts.classes):
        remarks.append(
            f"The {facts.name} tells {len(facts.classes)} classes apart, and has {len(usage.labels)} labels."
        )
    if not facts.has_probabilities:
        remarks.append(
            f"A {facts.name} as it is has decision values and no probabilities, and pages show those as confidences; "
            "use for example SVC(probability=True), SGDClassifier(loss='log_loss') or CalibratedClassifierCV."
        )
    return remarks


def _compare(estimator: Any, facts: Facts, model: Any, example: Any) -> list[str]:
    """Sees that the file predicts what the estimator does; a sentence where it does so for most of the rows only."""
    import numpy as np

    batch = np.random.default_rng(0).normal(size=(8, facts.features)) if example is None else np.asarray(example)
    batch = batch.astype("float32")
    answers = run(model, batch)
    if not hasattr(estimator, "get_params"):
        expected, found = _of_booster(estimator, facts, batch, answers)
    elif facts.classes is None:
        way = "predict" if hasattr(estimator, "predict") else "transform"
        expected, found = np.ravel(_asked(estimator, facts, way, batch)), np.ravel(next(iter(answers.values())))
    elif facts.has_probabilities:
        expected, found = np.asarray(_asked(estimator, facts, "predict_proba", batch)), answers[PROBABILITIES]
    else:
        said = np.ravel(_asked(estimator, facts, "predict", batch)).tolist()
        expected = np.asarray([facts.classes.index(label) for label in said])
        found = answers[LABEL]
    same: Any = np.zeros(1, "bool")
    if expected.shape == found.shape:
        close = np.isclose(expected, found, rtol=_TOLERANCE, atol=_TOLERANCE)
        same = close.reshape(len(batch), -1).all(axis=1)
    if same.mean() < _MOST:
        raise ConversionError(TARGET, facts.name, f"it predicts something else in ONNX; use another one, {OWN_FILE}")
    if same.all():
        return []
    count = f"{int((~same).sum())} of {len(same)} rows"
    return [
        f"In ONNX a {facts.name} predicts otherwise for {count}, which lie on thresholds: it computes with 32 bits."
    ]


def _of_booster(booster: Any, facts: Facts, batch: Any, answers: dict[str, Any]) -> tuple[Any, Any]:
    """What a bare booster predicts, and its file: probabilities where there are some, else a number a row."""
    import numpy as np

    expected = np.asarray(asked_booster(booster, batch) if facts.library == "xgboost" else booster.predict(batch))
    found = answers.get(PROBABILITIES)
    if found is None:
        return np.ravel(expected), np.ravel(next(iter(answers.values())))
    return np.stack([1 - expected, expected], axis=1) if expected.ndim == 1 else expected, found


def _asked(estimator: Any, facts: Facts, way: str, batch: Any) -> Any:
    """What an estimator answers to numbers of 32 bits; some (KMeans) take only those that they were fitted on."""
    try:
        return getattr(estimator, way)(batch)
    except Exception as narrow:
        # An estimator's own code, or other people's, runs here.
        try:
            return getattr(estimator, way)(batch.astype("float64"))
        except Exception:  # the same again; the first error is told
            reason = f"it can't {way.replace('_', ' ')} ({first_line(narrow)}); give rows that it takes: example=x[:8]"
            raise ConversionError(TARGET, facts.name, reason) from narrow

"""What an estimator is: of which library, for how many numbers, with which classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...errors import ConversionError
from ..checkpoints.usage import Usage

TARGET = "onnx"

_LIBRARIES = ("xgboost", "lightgbm", "catboost", "sklearn")  # the first three make subclasses of the last's


@dataclass(frozen=True)
class Facts:
    """What is known of an estimator that is fitted.

    Attributes:
        library: Where its class comes from.
        name: The name of its class.
        features: How many numbers it takes.
        classes: Its classes in the order of its probabilities; `None` for what is not a classifier, or does not tell.
        has_probabilities: Whether it gives probabilities; other classifiers give decision values.
        finds_outliers: Whether it tells those from the others, without classes.
    """

    library: str
    name: str
    features: int
    classes: list[Any] | None
    has_probabilities: bool
    finds_outliers: bool = False


def facts_of(estimator: Any, usage: Usage) -> Facts:
    """Looks at an estimator.

    Args:
        estimator: The estimator, or a booster.
        usage: What its user says.

    Raises:
        ConversionError: It is not fitted, predicts several classes at once, or does not tell how many numbers it takes.
    """
    roots = {kind.__module__.partition(".")[0] for kind in type(estimator).__mro__}
    library = next(root for root in _LIBRARIES if root in roots)
    name = type(estimator).__name__
    if not _is_fitted(estimator):
        raise ConversionError(TARGET, name, "it is not fitted yet; fit it first")
    features = _features(estimator)
    if features is None:
        shape: Any = getattr(usage.example, "shape", ())
        features = shape[1] if len(shape) == 2 else None
    if features is None:
        reason = "it does not tell how many numbers it takes; give an example: create_run(model, example=x[:1])"
        raise ConversionError(TARGET, name, reason)
    classes = getattr(estimator, "classes_", None)
    if classes is not None and any(getattr(each, "shape", ()) for each in classes):
        raise ConversionError(TARGET, name, "it predicts several classes at once; save each of its `estimators_` alone")
    listed = None if classes is None or not len(classes) else list(classes)
    finds_outliers = hasattr(estimator, "fit_predict") and hasattr(estimator, "score_samples") and listed is None
    return Facts(library, name, int(features), listed, hasattr(estimator, "predict_proba"), finds_outliers)


def _is_fitted(estimator: Any) -> bool:
    if hasattr(estimator, "is_fitted"):  # CatBoost's
        return bool(estimator.is_fitted())
    if not hasattr(estimator, "get_params"):  # a booster is what fitting makes
        return True
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _features(estimator: Any) -> Any:
    """How many numbers it takes, by the name that each library has for it."""
    for name in ("n_features_in_", "num_features", "num_feature"):
        found = getattr(estimator, name, None)
        if found is not None:
            return found() if callable(found) else found
    return None

"""An estimator's computation as ONNX, by the converter that its library has for it."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..reasons import first_line
from .facts import TARGET, Facts

_OPSETS = {"": 17, "ai.onnx.ml": 3}
"""The newest versions that all these converters and onnxruntime-web 1.15.1 know."""

OWN_FILE = (
    "or make an ONNX file yourself: save_checkpoint(epoch, file=...). Of an estimator nothing else is kept: write it "
    "with joblib.dump() where you need it again"
)
"""The way out where an estimator can't be converted."""

_EXTRAS = {"sklearn": "sklearn", "xgboost": "boosting", "lightgbm": "boosting", "catboost": "boosting"}


def export(estimator: Any, facts: Facts) -> Any:
    """Converts an estimator.

    Args:
        estimator: The estimator, which is fitted; it is not changed.
        facts: What is known of it.

    Returns:
        A `ModelProto`, as its converter made it.

    Raises:
        ConversionError: The converter is not installed, or can't do it; its reason is in it.
    """
    try:
        return _CONVERTERS[facts.library](estimator, facts)
    except ImportError as error:
        way_out = f"install it with `pip install 'marcelle-rt[{_EXTRAS[facts.library]}]'`"
        raise ConversionError(TARGET, facts.name, f"it needs the package {error.name}; {way_out}") from error
    except Exception as error:
        # The converters have no errors of their own, and walk through estimators of other people's.
        raise ConversionError(TARGET, facts.name, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Why a converter failed, and what to do."""
    first: BaseException = error
    while (before := first.__cause__ or first.__context__) is not None:
        first = before
    if isinstance(first, TypeError) and "onnx.AttributeProto" in str(first):
        return "its converter does not know protobuf 7 yet; install an older one: pip install 'protobuf<7'"
    return f"its converter can't do it ({first_line(error)}). Use another estimator; {OWN_FILE}"


def _of_sklearn(estimator: Any, facts: Facts) -> Any:
    import numpy as np
    import skl2onnx

    example = np.zeros((1, facts.features), "float32")
    if facts.classes is not None:
        with contextlib.suppress(NameError):  # skl2onnx' error for an option that an estimator (LinearSVC) lacks
            return skl2onnx.to_onnx(estimator, example, target_opset=_OPSETS, options={"zipmap": False})
    return skl2onnx.to_onnx(estimator, example, target_opset=_OPSETS)


def _of_xgboost(estimator: Any, facts: Facts) -> Any:
    import onnxmltools

    plain = copy.deepcopy(estimator)
    booster = plain.get_booster() if hasattr(plain, "get_booster") else plain
    booster.feature_names = None  # the converter knows columns by their numbers alone
    if (objective := _WITH_PROBABILITIES.get(objective_of(booster))) is not None:
        booster.set_param({"objective": objective})
        if plain is not booster:
            plain.set_params(objective=objective)
    return onnxmltools.convert_xgboost(plain, initial_types=_inputs(facts), target_opset=15)


_WITH_PROBABILITIES = {"multi:softmax": "multi:softprob"}
"""The same trees, with an answer that a page can show."""


def objective_of(booster: Any) -> str:
    """What a booster of XGBoost was trained for, for example `multi:softprob`."""
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def asked_booster(booster: Any, batch: Any) -> Any:
    """What a booster of XGBoost answers to numbers, with probabilities where its file has them."""
    plain = copy.deepcopy(booster)
    plain.set_param({"objective": _WITH_PROBABILITIES.get(objective_of(plain), objective_of(plain))})
    return plain.inplace_predict(batch, validate_features=False)


def _of_lightgbm(estimator: Any, facts: Facts) -> Any:
    import onnxmltools

    return onnxmltools.convert_lightgbm(estimator, initial_types=_inputs(facts), zipmap=False, target_opset=15)


def _inputs(facts: Facts) -> Any:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [("input", FloatTensorType([None, facts.features]))]


def _of_catboost(estimator: Any, facts: Facts) -> Any:
    import onnx

    with tempfile.TemporaryDirectory(prefix="marcelle-") as folder:
        path = Path(folder) / "model.onnx"
        estimator.save_model(str(path), format="onnx")
        return onnx.load_model_from_string(path.read_bytes())


_CONVERTERS = {"sklearn": _of_sklearn, "xgboost": _of_xgboost, "lightgbm": _of_lightgbm, "catboost": _of_catboost}

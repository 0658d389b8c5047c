"""TF.js' layers as Keras': which there are, and with which settings.

A description comes from a server, and may be anything. So a layer is made only if its class is listed here, from
settings that its constructor knows and that are plain values; whatever else it has is refused by name. No code is found
by a name that the description gives, and nothing of it runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NoReturn

from ..errors import ConversionError
from .layer_rules import CONSTRAINTS, SAME_ACTIVATIONS

TARGET = "Keras"

Config = dict[str, Any]

_NAMES = """
    Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization
    Concatenate Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose Cropping2D Dense DepthwiseConv2D Dot Dropout ELU
    Embedding Flatten GRU GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalMaxPooling1D GlobalMaxPooling2D LSTM LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D
    MaxPooling3D Maximum Minimum Multiply PReLU Permute ReLU RepeatVector Rescaling Reshape SeparableConv2D SimpleRNN
    Softmax SpatialDropout1D UpSampling2D ZeroPadding2D
"""
LAYERS = frozenset(_NAMES.split())
"""The layers that compute in Keras what they compute in TF.js, by the name that both have."""

WRAPPERS = ("Bidirectional", "TimeDistributed")

_ACTIVATIONS = {name: name for name in SAME_ACTIVATIONS.split()} | {"swish": "silu", "silu": "silu"}

_SAID_ELSEWHERE = ("batch_input_shape", "batch_size", "dtype", "input_dtype", "input_length", "input_shape", "sparse")
_ONLY_WHILE_BUILT = ("implementation", "seed", "unit_forget_bias", "weights")
_WITHOUT_EFFECT = {*_SAID_ELSEWHERE, *_ONLY_WHILE_BUILT}
_OTHER_NAMES = {("LeakyReLU", "alpha"): "negative_slope"}
_NEEDED = {"GRU": {"reset_after": False}}  # what TF.js has no setting for, and Keras does by default


def make(class_name: str, config: Mapping[str, Any]) -> Any:
    """A Keras layer that computes what TF.js' does.

    Args:
        class_name: TF.js' name of its class.
        config: Its settings as TF.js writes them.

    Raises:
        ConversionError: There is no such layer in Keras, or a setting that it can't have.
    """
    import keras

    name = config.get("name")
    what = f"layer {name!r} ({class_name})"
    if class_name in WRAPPERS:
        return _wrapper(class_name, config, what)
    if class_name not in LAYERS:
        raise ConversionError(TARGET, what, "Keras has no layer that is known to compute the same")
    cls = getattr(keras.layers, class_name)
    known = _parameters(cls)
    settings: Config = dict(_NEEDED.get(class_name, {}))
    for given, value in config.items():
        key = _OTHER_NAMES.get((class_name, given), given)
        if key in _WITHOUT_EFFECT or key.endswith("_initializer"):
            continue  # the weights replace initial values
        if key not in known:
            if value is not None:
                raise ConversionError(TARGET, what, f"Keras has no setting {given!r} there (it is {value!r:.80})")
            continue
        settings[key] = _setting(key, value, what)
    if settings.get("stateful"):
        raise ConversionError(TARGET, what, "it keeps a state between predictions; build it with stateful=False")
    return build(cls, settings, what)


def build(cls: Any, settings: Config, what: str) -> Any:
    """Calls a constructor of Keras' own; what it refuses becomes a `ConversionError`."""
    try:
        return cls(**settings)
    except (TypeError, ValueError) as error:
        refuse(what, error)


def refuse(what: str, error: Exception) -> NoReturn:
    """Says in one sentence why Keras does not take something."""
    text = str(error).strip() or type(error).__name__
    raise ConversionError(TARGET, what, f"Keras does not take it: {text.splitlines()[0]}") from error


def _wrapper(class_name: str, config: Mapping[str, Any], what: str) -> Any:
    import keras

    inner = config.get("layer")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("config"), Mapping):
        raise ConversionError(TARGET, what, "has no layer in it")
    layer = make(str(inner.get("class_name")), inner["config"])
    settings: Config = {"layer": layer, "name": _setting("name", config.get("name"), what)}
    if class_name == "Bidirectional":
        settings["merge_mode"] = _setting("merge_mode", config.get("merge_mode"), what)
    return build(getattr(keras.layers, class_name), settings, what)


def _parameters(cls: Any) -> set[str]:
    """The settings that a layer's constructor and its parents' know."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name
        for ancestor in inspect.getmro(cls)
        if ancestor.__module__.startswith("keras.")
        for name, parameter in inspect.signature(vars(ancestor).get("__init__", object.__init__)).parameters.items()
        if parameter.kind in kinds and name != "self"
    }


def _setting(key: str, value: Any, what: str) -> Any:
    if key == "activation" or key.endswith("_activation"):
        if value is None:
            return None
        if not isinstance(value, str) or value not in _ACTIVATIONS:
            raise ConversionError(TARGET, what, f"Keras has no activation that is known to equal {value!r:.80}")
        return _ACTIVATIONS[value]
    if key.endswith("_regularizer"):
        return _regularizer(value, what)
    if key.endswith("_constraint"):
        return _constraint(value, what)
    if not _is_plain(value):
        raise ConversionError(
            TARGET, what, f"its {key} is {value!r:.80}, which is not a number, a text or a list of them"
        )
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def _regularizer(value: Any, what: str) -> Any:
    import keras

    if value is None:
        return None
    name, numbers = _numbers(value, what)
    if name not in ("L1L2", "L1", "L2"):
        raise ConversionError(TARGET, what, f"Keras has no regularizer {name!r} as TF.js has")
    return keras.regularizers.L1L2(l1=numbers.get("l1") or 0.0, l2=numbers.get("l2") or 0.0)


def _constraint(value: Any, what: str) -> Any:
    import keras

    if value is None:
        return None
    name, numbers = _numbers(value, what)
    if name not in CONSTRAINTS:
        raise ConversionError(TARGET, what, f"Keras has no constraint {name!r} as TF.js has")
    return build(getattr(keras.constraints, name), numbers, what)


def _numbers(value: Any, what: str) -> tuple[str, Config]:
    """The class and the settings of a regularizer or a constraint."""
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(config, Mapping) or not all(_is_plain(item) for item in config.values()):
        raise ConversionError(TARGET, what, f"{value!r:.80} is not a description that is known")
    return str(value.get("class_name")), {str(key): item for key, item in config.items()}

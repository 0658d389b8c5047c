"""What each Keras layer becomes in TF.js, and which can't be carried over without predicting something else.

TF.js ignores settings that it doesn't know, so that a layer which merely loads may compute other values. Hence a
layer is taken only if it is listed here, with all settings that matter checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import ConversionError

TARGET = "layers-model"

Config = dict[str, Any]
Rule = Callable[[Any, Config], tuple[str, Config]]

SAME_ACTIVATIONS = "elu linear log_softmax relu relu6 selu sigmoid softmax softplus softsign swish tanh"
_ACTIVATIONS = {name: name for name in SAME_ACTIVATIONS.split()} | {"silu": "swish"}
CONSTRAINTS = ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")
_DROPPED = ("activity_regularizer", "quantization_config", "seed")


def carry_over(layer: Any) -> tuple[str, Config]:
    """The TF.js class and configuration of a layer.

    Args:
        layer: A Keras layer that is not a model.

    Raises:
        ConversionError: If TF.js has no such layer, or computes something else with these settings.
    """
    name = type(layer).__name__
    if not is_keras(layer):
        refuse(layer, "it is a custom layer")
    rule = _RULES.get(name)
    if rule is None:
        refuse(layer, "TF.js has no such layer")
    return rule(layer, _settings(layer))


def is_keras(layer: Any) -> bool:
    """Whether a layer's or model's class is one of Keras' own, so that it does what its name says."""
    return type(layer).__module__.partition(".")[0] in ("keras", "tf_keras")


def refuse(layer: Any, reason: str) -> NoReturn:
    """Says that a layer can't be carried over."""
    raise ConversionError(TARGET, f"layer {layer.name!r} ({type(layer).__name__})", reason)


def _settings(layer: Any) -> Config:
    config: Config = {}
    for key, value in layer.get_config().items():
        if key == "dtype":
            policy = value.get("class_name", "") if isinstance(value, dict) else ""
            if "Quantized" in policy:
                refuse(layer, "its weights are quantized")
            config[key] = "float32"
        elif key in _DROPPED or key.endswith("_initializer"):
            continue  # Initial values are replaced by the weights; TF.js lacks the others.
        elif key.endswith("_regularizer"):
            config[key] = _regularizer(value)
        elif key.endswith("_constraint"):
            config[key] = value if _class_name(value) in CONSTRAINTS else None
        elif key == "activation" or key.endswith("_activation"):
            config[key] = _activation(layer, value)
        else:
            config[key] = value
    if config.get("data_format") == "channels_first":
        refuse(layer, "browsers compute with channels last only")
    if config.get("use_bias", True) != (getattr(layer, "bias", True) is not None) and layer.built:
        refuse(layer, "its `use_bias` was changed after it had been built")
    if getattr(layer, "lora_enabled", False):
        refuse(layer, "its LoRA weights are not merged")
    return config


def _activation(layer: Any, value: Any) -> str:
    # Keras 2 names a Swish of its own in the long form.
    name = value if isinstance(value, str) else "a custom activation"
    if name not in _ACTIVATIONS:
        refuse(layer, f"TF.js has no activation equal to {name!r}")
    return _ACTIVATIONS[name]


def _class_name(value: Any) -> str | None:
    return value.get("class_name") if isinstance(value, dict) else None


def _regularizer(value: Any) -> Config | None:
    """Only matters for training on in the browser: what TF.js lacks is left out."""
    if _class_name(value) not in ("L1", "L2", "L1L2"):
        return None
    amounts = value["config"]
    return {"class_name": "L1L2", "config": {key: amounts.get(key) or 0.0 for key in ("l1", "l2")}}


def rank(layer: Any) -> int | None:
    """How many dimensions a layer's input has, batch included; None if it has several inputs or calls."""
    try:
        return len(layer.input.shape)
    except (AttributeError, ValueError):
        return None


def _as_is(layer: Any, config: Config) -> tuple[str, Config]:
    return type(layer).__name__, config


def _identity(layer: Any, config: Config) -> tuple[str, Config]:
    """For what only does something while it trains in Python."""
    return "Activation", _base(config) | {"activation": "linear"}


def _base(config: Config) -> Config:
    return {key: config[key] for key in ("name", "trainable", "dtype") if key in config}


def _only(**allowed: Any) -> Rule:
    """Takes a layer as it is if some settings have the values that TF.js can do."""

    def rule(layer: Any, config: Config) -> tuple[str, Config]:
        for key, value in allowed.items():
            given = config.pop(key, value)
            if given != value and any(item != value for item in _flat(given)):
                refuse(layer, f"TF.js has it only with {key}={value!r}, not {given!r}")
        return _as_is(layer, config)

    return rule


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _conv1d(layer: Any, config: Config) -> tuple[str, Config]:
    if config["padding"] == "causal":
        refuse(layer, "TF.js has no causal padding")
    return _only(groups=1)(layer, config)


def _leaky_relu(layer: Any, config: Config) -> tuple[str, Config]:
    slope = config["negative_slope"] if "negative_slope" in config else config["alpha"]
    return "LeakyReLU", _base(config) | {"alpha": float(slope)}


def _softmax(layer: Any, config: Config) -> tuple[str, Config]:
    return "Softmax", config | {"axis": _last_axis(layer, config["axis"])}


def _last_axis(layer: Any, axis: Any) -> int:
    """TF.js' CPU computes something else along other axes, or nothing."""
    axes = _flat(axis) or [-1]
    dimensions = rank(layer)
    if axes not in ([-1], [None]) and (dimensions is None or axes != [dimensions - 1]):
        refuse(layer, f"TF.js has it over the last axis only, not {axis!r}")
    return -1


def _concatenate(layer: Any, config: Config) -> tuple[str, Config]:
    """TF.js takes any axis that is counted from behind for the last one."""
    axis = config["axis"]
    if axis < -1:
        try:
            axis %= len(layer.output.shape)
        except (AttributeError, ValueError):
            refuse(layer, f"it is called more than once, and TF.js knows no axis {axis}; count it from the front")
    return "Concatenate", config | {"axis": axis}


def _global_pooling(layer: Any, config: Config) -> tuple[str, Config]:
    """TF.js drops the pooled axes. Where they are kept, it is a pooling over all of an input whose size is known."""
    if not config.pop("keepdims", False):
        return _as_is(layer, config)
    try:
        size = list(layer.input.shape[1:-1])
    except (AttributeError, ValueError):  # It is called more than once.
        size = [None]
    if None in size:
        refuse(layer, "TF.js has it only with keepdims=False, or for an input of one size, not with keepdims=True")
    pooling = {"pool_size": size, "strides": size, "padding": "valid", "data_format": "channels_last"}
    return type(layer).__name__.removeprefix("Global"), _base(config) | pooling


def _is_open(layer: Any) -> bool:
    """Whether any input that a layer is called with has a size that is not known, besides the batch's."""
    nodes = layer._inbound_nodes
    ends = [end for node in nodes for end in _flat(getattr(node, "keras_inputs", None) or node.input_tensors)]
    return any(None in end.shape[1:] for end in ends)


def _cropping(layer: Any, config: Config) -> tuple[str, Config]:
    """TF.js counts what is left of an open size as less than nothing, and does not load the model."""
    if _is_open(layer):
        refuse(layer, "TF.js has it for an input of one size only")
    return _as_is(layer, config)


def _rescaling(layer: Any, config: Config) -> tuple[str, Config]:
    if not all(isinstance(config[key], int | float) for key in ("scale", "offset")):
        refuse(layer, "TF.js rescales by one number only")
    return "Rescaling", config


def _flatten(layer: Any, config: Config) -> tuple[str, Config]:
    if rank(layer) == 2:
        return _identity(layer, config)
    if _is_open(layer):
        refuse(layer, "TF.js has it for an input of one size only")
    return "Flatten", _base(config)


def _batch_normalization(layer: Any, config: Config) -> tuple[str, Config]:
    if config.pop("renorm", False):
        refuse(layer, "TF.js has no batch renormalization")
    _check_rank(layer)
    return "BatchNormalization", config | {"axis": _last_axis(layer, config["axis"])}


def _normalization(layer: Any, config: Config) -> tuple[str, Config]:
    """(x - mean) / deviation is a batch normalization that doesn't learn."""
    _check_rank(layer)
    if config.get("invert"):
        refuse(layer, "TF.js can't invert it")
    fixed = {"momentum": 1.0, "epsilon": 0.0, "center": True, "scale": True, "trainable": False}
    return "BatchNormalization", _base(config) | fixed | {"axis": _last_axis(layer, config["axis"])}


def _layer_normalization(layer: Any, config: Config) -> tuple[str, Config]:
    _check_rank(layer)
    return _only(rms_scaling=False)(layer, config)


def _check_rank(layer: Any) -> None:
    if (rank(layer) or 2) > 4:
        refuse(layer, "TF.js normalizes inputs of at most four dimensions, batch included")


def _reshape(layer: Any, config: Config) -> tuple[str, Config]:
    """TF.js leaves a -1 open, and then can't build the layers that follow."""
    try:
        shape = list(layer.output.shape[1:])
    except (AttributeError, ValueError):  # It is called more than once.
        shape = list(config["target_shape"])
    return "Reshape", config | {"target_shape": shape}


def _dropout(layer: Any, config: Config) -> tuple[str, Config]:
    # TF.js can't train with one that drops nothing.
    return _as_is(layer, config) if config["rate"] else _identity(layer, config)


def _spatial_dropout(layer: Any, config: Config) -> tuple[str, Config]:
    dimensions = int(type(layer).__name__[-2])
    shape = [None, *[1] * dimensions, None]
    if not config["rate"]:
        return _identity(layer, config)
    return "Dropout", _base(config) | {"rate": config["rate"], "noise_shape": shape}


def _recurrent(layer: Any, config: Config) -> tuple[str, Config]:
    if config.pop("stateful", False):
        refuse(layer, "its state would be lost between predictions; build it with stateful=False")
    if config.pop("reset_after", False):
        refuse(layer, "TF.js has it only with reset_after=False")
    config.pop("zero_output_for_mask", None)
    return type(layer).__name__, config | {"unroll": False}


def _bidirectional(layer: Any, config: Config) -> tuple[str, Config]:
    if config["merge_mode"] is None:
        refuse(layer, "TF.js gives its two directions merged only")
    name, forward = carry_over(layer.forward_layer)
    _, backward = carry_over(layer.backward_layer)
    same = {"name": forward["name"], "go_backwards": not backward["go_backwards"]}
    if backward | same != forward:
        refuse(layer, "its two directions differ; TF.js makes the one from the other")
    # TF.js puts the prefix before the name by itself.
    forward["name"] = forward["name"].removeprefix("forward_")
    return "Bidirectional", _base(config) | {
        "merge_mode": config["merge_mode"],
        "layer": {"class_name": name, "config": forward},
    }


def _time_distributed(layer: Any, config: Config) -> tuple[str, Config]:
    if type(layer.layer).__name__ not in _DISTRIBUTED:
        refuse(layer, f"in TF.js it can't hold a {type(layer.layer).__name__}")
    name, inner = carry_over(layer.layer)
    return "TimeDistributed", _base(config) | {"layer": {"class_name": name, "config": inner}}


_DISTRIBUTED = ("Activation", "Conv2D", "Dense", "DepthwiseConv2D", "Dropout", "MaxPooling2D", "AveragePooling2D")
_AS_THEY_ARE = (
    "Activation Add Average AveragePooling1D AveragePooling2D AveragePooling3D "
    "Dense Embedding GaussianNoise Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum "
    "Minimum Multiply PReLU Permute RepeatVector ZeroPadding2D"
)
_WHILE_TRAINING_ONLY = (
    "ActivityRegularization Identity RandomBrightness RandomContrast RandomErasing RandomFlip RandomGaussianBlur "
    "RandomGrayscale RandomHue RandomPerspective RandomRotation RandomSaturation RandomSharpness RandomShear "
    "RandomTranslation RandomZoom"
)
_RULES: dict[str, Rule] = {
    **dict.fromkeys(_AS_THEY_ARE.split(), _as_is),
    **dict.fromkeys(_WHILE_TRAINING_ONLY.split(), _identity),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    **dict.fromkeys(("AlphaDropout", "Dropout", "GaussianDropout"), _dropout),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), _spatial_dropout),
    **dict.fromkeys(("Conv2D", "Conv3D", "SeparableConv2D"), _only(groups=1)),
    **dict.fromkeys(
        ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
        _global_pooling,
    ),
    "BatchNormalization": _batch_normalization,
    "Bidirectional": _bidirectional,
    "Concatenate": _concatenate,
    "Conv1D": _conv1d,
    "Conv2DTranspose": _only(output_padding=None, dilation_rate=1, groups=1),
    "Conv3DTranspose": _only(output_padding=None, dilation_rate=1, groups=1),
    "DepthwiseConv2D": _only(dilation_rate=1),
    "Cropping2D": _cropping,
    "ELU": _only(alpha=1.0),
    "Flatten": _flatten,
    "LayerNormalization": _layer_normalization,
    "LeakyReLU": _leaky_relu,
    "Normalization": _normalization,
    "ReLU": _only(negative_slope=0.0, threshold=0.0),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "TimeDistributed": _time_distributed,
    "UpSampling2D": _only(interpolation="nearest"),
}

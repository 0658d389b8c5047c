"""Small helpers of the public surface."""

from __future__ import annotations

from typing import Any, cast

from .errors import InvalidData, UnsupportedFormat
from .values import to_wire


def conform_dict(d: dict[str, Any]) -> dict[str, Any]:
    """Normalizes a dictionary for JSON, casting NumPy types and tensors.

    NaN and infinities become `None`, which is what JSON and Marcelle's dashboards have for them. Keys stay
    as they are.

    Args:
        d: The dictionary. It is not changed.

    Returns:
        A copy in plain Python types.

    Raises:
        InvalidData: For a value that JSON can't hold, with its place.
    """
    return cast("dict[str, Any]", to_wire(d, "d", operators=True))


def get_model_info(model: Any, source: str, loss: Any = None) -> dict[str, Any]:
    """Tells about a Keras model what dashboards show.

    Args:
        model: A `keras.Model`, of Keras 3 (any backend) or Keras 2. It need not be built or compiled.
        source: The framework; only `"keras"` is supported.
        loss: The loss used for training, a name or a function; that of the compiled model if `None`.

    Returns:
        `name`; `param_count` with `total`, `trainable` and `non_trainable`; `summary`, a text; `layers`, each
        with `layer_n`, `name`, `input_shape` and `output_shape` (lists, `None` for a free dimension; `None`
        as a whole where the layer is not built); `loss`, a name.

    Raises:
        UnsupportedFormat: For another source than `"keras"`.
        InvalidData: If `model` is not a Keras model.
    """
    if source != "keras":
        raise UnsupportedFormat("source", source, ("keras",))
    if not hasattr(model, "layers") or not hasattr(model, "summary"):
        raise InvalidData("model", model, "is not a Keras model")
    trainable, fixed = _count(model.trainable_weights), _count(model.non_trainable_weights)
    return {
        "name": model.name,
        "param_count": {"total": trainable + fixed, "trainable": trainable, "non_trainable": fixed},
        "summary": _summary(model),
        "layers": [
            {
                "layer_n": number,
                "name": layer.name,
                "input_shape": _shape(layer, "input"),
                "output_shape": _shape(layer, "output"),
            }
            for number, layer in enumerate(model.layers)
        ],
        "loss": loss_name(loss if loss is not None else getattr(model, "loss", None)),
    }


def _count(weights: Any) -> int:
    total = 0
    for weight in weights:
        size = 1
        for dimension in weight.shape:
            size *= int(dimension)
        total += size
    return total


def _summary(model: Any) -> str:
    lines: list[str] = []
    try:
        model.summary(print_fn=lambda text, **_: lines.append(text))
    except ValueError:  # Keras 2 has no summary of a model that is not built
        return f"{model.name} (not built yet)"
    return "\n".join(lines)


def _shape(layer: Any, side: str) -> Any:
    try:
        tensors = getattr(layer, side)
    except (AttributeError, RuntimeError, ValueError):  # not built, or used more than once
        return None
    return _shape_of(tensors)


def _shape_of(tensors: Any) -> Any:
    if isinstance(tensors, dict):
        return {name: _shape_of(tensor) for name, tensor in tensors.items()}
    if isinstance(tensors, (list, tuple)):
        return [_shape_of(tensor) for tensor in tensors]
    return [None if dimension is None else int(dimension) for dimension in tensors.shape]


def loss_name(loss: Any) -> str:
    """What a loss is called: a name, a function, an object, or several of these."""
    if loss is None:
        return "Unknown"
    if isinstance(loss, str):
        return loss
    if isinstance(loss, dict):
        return ", ".join(f"{output}: {loss_name(part)}" for output, part in loss.items())
    if isinstance(loss, (list, tuple)):
        return ", ".join(loss_name(part) for part in loss)
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", None) or type(loss).__name__)

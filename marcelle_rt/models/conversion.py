"""Keras models, and files that hold them, to files that a Marcelle dashboard runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConversionError, UnsupportedFormat
from . import custom_objects, disk

logger = logging.getLogger("marcelle_rt")

REMOTE_FORMATS = ("tfjs", "onnx")

QUICK_PARAMETERS = 10_000_000
QUICK_GRAPH_LAYERS = 60


@dataclass(frozen=True)
class Converted:
    """A model that a dashboard can load.

    Attributes:
        format: ``"tfjs"`` or ``"onnx"``.
        files: What to upload: ``model.json`` and its weights, or one ``model.onnx``.
        metadata: What the model's document must say so that dashboards load it.
        reason: Why it is a graph-model, which can't be trained further in a browser; None if it isn't one.
    """

    format: str
    files: list[Path]
    metadata: dict[str, Any]
    reason: str | None = None


def convert(
    source: Any,
    directory: Path,
    remote_format: str,
    *,
    local_format: str | None = None,
    quantize: str | None = None,
) -> Converted:
    """Writes a model in a form that a dashboard can load.

    For ``"tfjs"`` it becomes a layers-model, and where TF.js has no layers that predict the same, a graph-model;
    a line in the log says why.

    Args:
        source: A built Keras model, or the path of a saved one.
        directory: Where the files are written; made if it isn't there.
        remote_format: ``"tfjs"`` or ``"onnx"``.
        local_format: The saved model's format, one of ``DISK_FORMATS``; told from the path if not given.
        quantize: ``"float16"`` halves the weights' size for TF.js.

    Returns:
        The files and what their document must say.

    Raises:
        ConversionError: If the model can't be read or carried over; it names the layer and what to do.
        UnsupportedFormat: If a format is not known.
        OSError: If the disk can't be written.
    """
    if remote_format not in REMOTE_FORMATS:
        raise UnsupportedFormat("The format of models on a backend", remote_format, REMOTE_FORMATS)
    directory.mkdir(parents=True, exist_ok=True)
    if isinstance(source, str | Path):
        path = Path(source)
        if (local_format and disk.disk_format(local_format) or disk.format_of(path)) == "saved_model":
            return _convert_saved_model(path, directory, remote_format, quantize)
        source = disk.load(path, local_format)
    check_built(source, remote_format)
    if remote_format == "onnx":
        from . import graph, onnx

        return Converted("onnx", [onnx.write(graph.of_model(source), directory)], {})
    return _to_tfjs(source, directory, quantize)


def check_built(model: Any, remote_format: str) -> None:
    """Raises a ConversionError if a model doesn't know the shape of its input yet."""
    if not getattr(model, "built", True) or not getattr(model, "inputs", None):
        raise ConversionError(
            remote_format,
            f"model {getattr(model, 'name', type(model).__name__)!r}",
            "it is not built, so that its input has no shape. Begin it with keras.Input(shape), or call it on a "
            "batch (or fit it) first",
        )


def is_quick(model: Any, remote_format: str) -> bool:
    """Whether to convert a model at once, on the training's thread, instead of from its file in another process.

    Quick are TF.js conversions of at most 10 million parameters, and if it takes a graph-model, of at most 60
    layers: well under a second on a laptop, 5 to 70 ms for most. ONNX takes seconds.

    A model with classes or functions of the user's own is always converted here, because another process can't
    make it from a file.

    Args:
        model: A built Keras model.
        remote_format: ``"tfjs"`` or ``"onnx"``.
    """
    if not custom_objects.is_plain(model):
        return True
    if remote_format == "onnx" or model.count_params() > QUICK_PARAMETERS:
        return False
    from . import layers_model

    try:
        layers_model.describe(model)
    except ConversionError:
        return bool(disk.has_tensorflow(model)) and len(model.layers) <= QUICK_GRAPH_LAYERS
    return True


def _to_tfjs(model: Any, directory: Path, quantize: str | None) -> Converted:
    from . import layers_model

    try:
        files = layers_model.write(model, directory, quantize)
    except ConversionError as refusal:
        reason = f"{refusal.culprit}: {refusal.reason}"
    else:
        return Converted("tfjs", files, {"tfjsModelFormat": "layers-model"})
    from . import graph, graph_model

    files = graph_model.write(graph.of_model(model), directory, quantize)
    logger.info("%s becomes a TF.js graph-model, which can't be trained further in a browser: %s", model.name, reason)
    return Converted("tfjs", files, {"tfjsModelFormat": "graph-model"}, reason)

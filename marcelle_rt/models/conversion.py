"""Keras models, and files that hold them, to files that a Marcelle dashboard runs."""

from __future__ import annotations

import contextlib
import importlib.util
import reprlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import formats
from ..errors import ConversionError, UnsupportedFormat
from ..notices import logger
from . import custom_objects, disk
from .converted import Converted
from .reasons import first_line

QUICK_PARAMETERS = 10_000_000
QUICK_GRAPH_LAYERS = 60


def convert(
    source: Any,
    directory: Path,
    remote_format: str,
    *,
    local_format: str | None = None,
    quantize: str | None = None,
) -> Converted:
    """Writes a model in a form that a dashboard can load.

    For `"tfjs"` it becomes a layers-model, and where TF.js has no layers that predict the same, a graph-model;
    a line in the log says why.

    Args:
        source: A built Keras model, or the path of a saved one.
        directory: Where the files are written; made if it isn't there.
        remote_format: `"tfjs"` or `"onnx"`.
        local_format: The saved model's format, one of `DISK_FORMATS`; told from the path if not given.
        quantize: `"float16"` halves the size of TF.js weights.

    Returns:
        The files and what their document must say.

    Raises:
        ConversionError: If the model can't be read or carried over; it names the layer and what to do.
        UnsupportedFormat: If a format is not known.
        OSError: If the disk can't be written.
    """
    formats.remote_format(remote_format)
    directory.mkdir(parents=True, exist_ok=True)
    if isinstance(source, str | Path):
        path = Path(source)
        kind = formats.disk_format(local_format) if local_format else disk.format_of(path)
        if kind == "saved_model":
            return _convert_saved_model(path, directory, remote_format, quantize)
        source = disk.load(path, kind)
    _check_kind(source, remote_format)
    check_built(source, remote_format)
    if remote_format == "onnx":
        from . import graph, onnx

        with _any_failure_said("onnx", f"model {source.name!r}"):
            if not graph.can_trace(source):
                return _by_torch(source, directory, remote_format)
            return Converted("onnx", [onnx.write(graph.of_model(source, unroll=False), directory)], {})
    return _to_tfjs(source, directory, quantize)


def _check_kind(model: Any, target: str) -> None:
    if hasattr(model, "layers") and hasattr(model, "weights"):
        return
    if hasattr(model, "state_dict"):
        reason = (
            "it is a module of PyTorch, and a Keras model or the path of a saved one is taken here. "
            "Writer.save_checkpoint sends a module, and Remote.upload_onnx_model an ONNX file of one"
        )
        raise ConversionError(target, f"model {type(model).__name__!r}", reason)
    reason = "it is not a Keras model, nor the path of a saved one; give for example a keras.Model or 'model.keras'"
    raise ConversionError(target, reprlib.repr(model), reason)


def check_built(model: Any, target: str) -> None:
    """Raises a ConversionError if a model's weights or the shape of its input don't exist yet.

    Args:
        model: A Keras model.
        target: What it was to become, for the message.
    """
    if getattr(model, "built", False) and (getattr(model, "inputs", None) or getattr(model, "weights", None)):
        return
    if getattr(type(model), "call", None) is disk.keras_of(model).Model.call:
        # A GAN, say, which trains all the same.
        reason = (
            "it has no `call`, which says what it predicts. Define one, as `def call(self, inputs): return "
            "self.generator(inputs)`, and call the model on a batch before it is trained"
        )
    else:
        reason = (
            "it is not built yet, so it has no weights. Start it with keras.Input(shape), or call it on a batch (or "
            "fit it) first"
        )
    raise ConversionError(target, f"model {getattr(model, 'name', type(model).__name__)!r}", reason)


def is_quick(model: Any, remote_format: str) -> bool:
    """Whether to convert a model at once, on the training's thread, instead of from its file in another process.

    Quick are TF.js conversions of at most 10 million parameters that become a layers-model, or a graph-model of at
    most 60 layers: 2 to 200 ms. ONNX takes seconds. A model with classes or functions of the user's own is always
    converted here, because another process can't make it from a file.

    Args:
        model: A built Keras model.
        remote_format: `"tfjs"` or `"onnx"`.
    """
    from . import graph, layers_model

    if not custom_objects.is_plain(model) or not model.built:
        return True
    if remote_format != "tfjs" or model.count_params() > QUICK_PARAMETERS:
        return False
    try:
        layers_model.describe(model)
    except ConversionError:
        return graph.can_trace(model) and len(model.layers) <= QUICK_GRAPH_LAYERS
    return True


def say_why(name: str, reason: str) -> None:
    """Logs why a model did not become a layers-model."""
    logger.info("%s becomes a TF.js graph-model, which can't be trained further in a browser: %s", name, reason)


def _to_tfjs(model: Any, directory: Path, quantize: str | None) -> Converted:
    from . import layers_model

    try:
        files = layers_model.write(model, directory, quantize)
    except ConversionError as refusal:
        reason = f"{refusal.culprit}: {refusal.reason}"
    else:
        return Converted("tfjs", files, {"tfjsModelFormat": "layers-model"})
    from . import graph, graph_model

    if not graph.can_trace(model):
        with _any_failure_said("tfjs", f"model {model.name!r}"):
            converted = _by_torch(model, directory, "tfjs")
        say_why(model.name, reason)
        return replace(converted, reason=reason)
    # A loop predicts asynchronously in TF.js, and dashboards don't wait for that.
    with _any_failure_said("tfjs", f"model {model.name!r}"):
        files = graph_model.write(graph.of_model(model, unroll=True), directory, quantize)
    say_why(model.name, reason)
    return Converted("tfjs", files, {"tfjsModelFormat": "graph-model"}, reason)


def _by_torch(model: Any, directory: Path, remote_format: str) -> Converted:
    """What TensorFlow can't trace, because Keras does not run on it here, PyTorch can where Keras runs on that."""
    from .disk import keras_of

    backend = keras_of(model).backend.backend()
    if backend != "torch":
        raise ConversionError(remote_format, f"model {model.name!r}", needs_graph(backend))
    from .torch_modules import keras_models

    return keras_models.write(model, directory, remote_format)


def needs_graph(backend: str) -> str:
    """Says what is missing where a graph is needed.

    Args:
        backend: What Keras runs on.
    """
    return (
        f"its graph is needed, and Keras runs on {backend} here. Install TensorFlow "
        "(`pip install 'marcelle-rt[onnx]'`) or PyTorch (`pip install 'marcelle-rt[torch]'`), by which its file is "
        "then converted in a process of its own"
    )


@contextlib.contextmanager
def _any_failure_said(target: str, culprit: str) -> Iterator[None]:
    """Makes a ConversionError of every other error but the disk's, and that of a format."""
    try:
        yield
    except (ConversionError, OSError, UnsupportedFormat):
        raise
    except Exception as error:
        # TensorFlow, Keras and tf2onnx raise anything, and so does the code of a model.
        reason = f"converting it failed ({type(error).__name__}: {first_line(error)}). Please report this model"
        raise ConversionError(target, culprit, reason) from error


def _convert_saved_model(path: Path, directory: Path, remote_format: str, quantize: str | None) -> Converted:
    from . import graph, graph_model, onnx
    from .graphs.tfjs import has_loops, lacks_ops_only

    with _any_failure_said(remote_format, path.name):
        frozen = graph.of_saved_model(path)
        if remote_format == "onnx":
            return Converted("onnx", [onnx.write(frozen, directory)], {})
    try:
        with _any_failure_said(remote_format, path.name):
            files = graph_model.write(frozen, directory, quantize)
    except ConversionError as refusal:
        # Loops it would carry over, but only for pages that predict asynchronously; and it takes ops by their names.
        if has_loops(frozen) or not lacks_ops_only(frozen) or importlib.util.find_spec("tensorflowjs") is None:
            raise
        files = _by_tensorflowjs(path, directory, refusal)
    reason = "a SavedModel holds a graph, not layers"
    say_why(path.name, reason)
    return Converted("tfjs", files, {"tfjsModelFormat": "graph-model"}, reason)


def _by_tensorflowjs(path: Path, directory: Path, refusal: ConversionError) -> list[Path]:
    """What our own writer refuses may be rewritten by TensorFlow.js' converter, where that is installed."""
    try:
        from tensorflowjs.converters import tf_saved_model_conversion_v2

        tf_saved_model_conversion_v2.convert_tf_saved_model(str(path), str(directory), skip_op_check=False)
    except Exception as error:
        # The converter has no errors of its own, and one whose versions don't fit fails to import in any way.
        reason = f"{refusal.reason} (tensorflowjs failed too: {first_line(error)})"
        raise ConversionError(refusal.target, refusal.culprit, reason) from error
    return [directory / "model.json", *sorted(directory.glob("*.bin"))]

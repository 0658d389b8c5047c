"""Keras models to files on disk and back.

Models are loaded without being compiled: a checkpoint is there to predict or to be converted, and a compiled
h5 file with `loss="mse"` can't be read back by Keras 3.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config import wants_keras_2
from ..errors import ConversionError, UnsupportedFormat
from ..formats import disk_format
from . import h5
from .custom_objects import holds_code, unknown_in
from .graphs.open_lengths import traced_as_called
from .reasons import first_line

_TARGET = "a Keras model"
_SAFE = (3, 11, 3)


def format_of(path: Path) -> str:
    """The disk format of a saved model, told from its path.

    Args:
        path: A `.h5` or `.keras` file, or a SavedModel's folder.

    Raises:
        ConversionError: If there is none.
        UnsupportedFormat: If it is another format.
    """
    if not path.exists():
        raise ConversionError(_TARGET, str(path), "there is no such file or folder")
    return "saved_model" if path.is_dir() else disk_format(path.suffix.lower().lstrip("."))


def save(model: Any, directory: Path, name: str, local_format: str, *, with_optimizer: bool = True) -> Path:
    """Writes a Keras model to disk.

    A SavedModel is exported by tracing the model: call this on the training's own thread, between two epochs.

    Args:
        model: A built Keras model.
        directory: An existing folder to write into.
        name: The file's name without its extension.
        local_format: `"h5"`, `"saved_model"` or `"keras"`.
        with_optimizer: Save the optimizer's state too, from which a training can go on; a SavedModel never has it.

    Returns:
        The file `<name>.h5` or `<name>.keras`, or the folder `<name>`: the whole of it, or, when this
        raises, what was there before.

    Raises:
        UnsupportedFormat: If the format is not known.
        ConversionError: If the file could not be read back, as Keras does not write how the model was quantized.
        OSError: If the disk can't be written. For a model that it can't save, Keras raises errors of its own.
    """
    kind = disk_format(local_format)
    if kind != "saved_model" and is_keras3(model):
        _refuse_what_is_lost(model, kind)
    path = directory / (name if kind == "saved_model" else f"{name}.{kind}")
    part = directory / f".{name}.part{path.suffix}"  # Keras goes by the suffix
    try:
        if kind == "saved_model":
            # Keras 3 prints the folder and its signatures unless told not to; Keras 2 has no such switch.
            quiet = {"verbose": False} if is_keras3(model) else {}
            with traced_as_called(model):
                model.export(os.fspath(part), **quiet)
            _remove(path)  # a folder can't replace one that holds something
        else:
            alone = {"include_optimizer": False} if kind == "h5" and not with_optimizer else {}
            bare = _without_optimizer(model) if kind == "keras" and not with_optimizer else contextlib.nullcontext()
            with _without_h5_advice(), bare:
                model.save(os.fspath(part), **alone)
            if kind == "h5" and any("bfloat16" in str(variable.dtype) for variable in model.weights):
                h5.widen(part)
        os.replace(part, path)
    except BaseException:  # a full disk, a model that can't be saved, Ctrl-C
        _remove(part)
        raise
    return path


def _refuse_what_is_lost(model: Any, kind: str) -> None:
    """Refuses a quantized model that Keras writes, but can't read: a file tells the types of the outer layers alone."""
    told = {id(layer) for layer in _told_of(model)}
    for layer in model._flatten_layers():
        mode = getattr(layer, "quantization_mode", None)
        if mode and id(layer) not in told:
            reason = f"it was quantized to {mode} within another layer, of which Keras writes nothing into the file"
        # Made of that type from the start, its scales come first.
        elif mode == "float8" and kind == "h5" and not layer.weights[0].name.startswith("inputs_"):
            reason = "it was quantized to float8 when it was built, and Keras confuses its weights in h5 files"
        else:
            continue
        others = "`keras` or `saved_model`" if id(layer) in told else "`saved_model`"
        raise ConversionError(kind, f"layer {layer.name!r}", f"{reason}. Save as {others}")


def _told_of(layer: Any) -> Iterator[Any]:
    """The layers of whose types a model's file tells."""
    yield layer
    if type(layer).__name__ in ("Sequential", "Functional"):
        inner = layer.layers
    elif getattr(layer, "quantization_mode", None):
        inner = layer._flatten_layers(include_self=False, recursive=False)
    else:
        inner = [layer.layer] if hasattr(layer, "layer") else []  # of a wrapper
    for item in inner:
        yield from _told_of(item)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def load(path: Path, local_format: str | None = None) -> Any:
    """Reads a Keras model back, without compiling it.

    Args:
        path: A `.h5` or `.keras` file.
        local_format: `"h5"` or `"keras"`; told from the path if not given. (What a SavedModel holds is a
            graph, no Keras model: see `graph_model`.)

    Returns:
        The model, with its weights.

    Raises:
        ConversionError: If there is no file, or it is damaged, or it needs a class that is not known here.
        UnsupportedFormat: If it is another format.
    """
    kind = disk_format(local_format) if local_format else format_of(path)
    if kind == "saved_model":
        raise UnsupportedFormat("Loading as a Keras model", kind, ("h5", "keras"))
    if not path.is_file():
        raise ConversionError(_TARGET, str(path), "there is no such file")
    keras = import_keras()
    _refuse_code(path, kind, keras)
    try:
        with h5.readable(path) if kind == "h5" else contextlib.nullcontext(path) as file:
            operations = _operations(keras) if kind == "h5" else None
            return keras.models.load_model(os.fspath(file), custom_objects=operations, compile=False)
    except Exception as error:
        # Keras has no errors of its own: whatever goes wrong while it reads a file means that it can't be read.
        own = unknown_in(path, kind)
        if own is None:
            reason = f"it can't be read. {first_line(error)}"
            if "objects could not be loaded" in str(error):
                reason = f"{reason}. Keras writes less of some models than it reads; save it as `saved_model`"
            raise ConversionError(_TARGET, str(path), reason) from error
        raise ConversionError(_TARGET, f"{own[0]} in {path.name}", _how_to_pass(own[1])) from error


# What these are given is a function, which a file must not bring along.
_CALLING = {"AssociativeScan", "Cond", "CustomGradient", "ForiLoop", "Map", "Scan", "Switch", "Vectorize", "WhileLoop"}


def _operations(keras: Any) -> dict[str, Any]:
    """Keras' operations on tensors by their names, which an h5 file has, and where Keras looks for layers alone."""
    if not hasattr(keras, "Operation"):  # Keras 2
        return {}
    found, classes = {}, [keras.Operation]
    while classes:
        for kind in classes.pop().__subclasses__():
            if kind.__module__.startswith("keras.") and not issubclass(kind, keras.Layer):
                classes.append(kind)
                found[kind.__name__] = kind
    layers = vars(keras.layers)
    return {
        name: _either(layers[name], kind) if name in layers else kind
        for name, kind in found.items()
        if name not in _CALLING
    }


def _either(layer: Any, operation: Any) -> Any:
    """What makes a layer or an operation of the same name, by what its configuration has."""

    class Either:
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            return (layer if "trainable" in config else operation).from_config(config)

    return Either


def _refuse_code(path: Path, kind: str, keras: Any) -> None:
    """Refuses a file with code in it, where Keras is so old that it would run it."""
    version = tuple(int(part) for part in re.findall(r"\d+", keras.__version__)[:3])
    if version < _SAFE and holds_code(path, kind):
        reason = f"Keras {keras.__version__} would run the Python code in it. Install keras>=3.11.3, which does not"
        raise ConversionError(_TARGET, str(path), reason)


def import_keras() -> Any:
    """The Keras that TensorFlow's users have asked for."""
    return importlib.import_module("tf_keras" if wants_keras_2() else "keras")


def _how_to_pass(name: str) -> str:
    if name == "Lambda":
        return (
            "Keras loads no Python code from files. Make it a class or function with a name, save as `saved_model`, or "
            "trust the file with keras.config.enable_unsafe_deserialization()"
        )
    plain = name.rpartition(">")[2]
    return (
        f"its class or function is not known here. Decorate {plain} with "
        "@keras.saving.register_keras_serializable() and import it first, or load within "
        f"`with keras.saving.custom_object_scope({{{name!r}: {plain}}}):`, or save as `saved_model`, which needs "
        "no classes"
    )


def keras_of(model: Any) -> Any:
    """The module of the Keras that a model was made with: `keras`, or `tf_keras`, which is Keras 2."""
    for cls in type(model).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in ("keras", "tf_keras"):
            return sys.modules[root]
    raise TypeError(f"{model!r} is not a Keras model")


def is_keras3(model: Any) -> bool:
    """Whether a model was made with Keras 3."""
    return int(keras_of(model).__version__.partition(".")[0]) >= 3


@contextlib.contextmanager
def _without_optimizer(model: Any) -> Iterator[None]:
    """Lets a model have no optimizer meanwhile: Keras saves one that is there, and has a switch for h5 alone."""
    optimizer = getattr(model, "optimizer", None)
    compiled = {name: getattr(model, name) for name in ("compiled", "_is_compiled") if hasattr(model, name)}
    try:
        model.optimizer = None
        for name in compiled:
            setattr(model, name, False)
        yield
    finally:
        model.optimizer = optimizer
        for name, value in compiled.items():
            setattr(model, name, value)


@contextlib.contextmanager
def _without_h5_advice() -> Iterator[None]:
    """Holds back the advice against h5 that Keras logs at each save: whoever chose h5 need not hear it hourly."""

    def keep(record: logging.LogRecord) -> bool:
        return "HDF5 file" not in record.getMessage()

    log = logging.getLogger("absl")
    log.addFilter(keep)
    try:
        yield
    finally:
        log.removeFilter(keep)

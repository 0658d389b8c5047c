"""Which parts of a model are the user's own, so that Keras can't make them from a file alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_KERAS = {"keras", "keras_cv", "keras_hub", "keras_nlp", "tf_keras"}
"""The packages whose classes Keras looks up by itself; `keras_tcn`, say, is anybody's."""


def is_plain(model: Any) -> bool:
    """Whether another process could load this model from a file, without any class or function of the user's.

    Args:
        model: A Keras model.
    """
    try:
        config = model.get_config()
    except Exception:
        # A subclassed model may refuse with any error, or give arrays: then no file can be loaded elsewhere.
        return False
    return _is_keras(type(model).__module__) and not is_patched(model) and not any(_own_parts(config, set()))


def is_patched(model: Any) -> bool:
    """Whether a function of the user's was put in place of a layer's `call`, of which no configuration tells.

    Args:
        model: A Keras model.
    """
    parts = [model, *getattr(model, "_flatten_layers", list)()]
    return any(name in vars(part) for part in parts for name in ("call", "__call__"))


def unknown_in(path: Path, kind: str) -> tuple[str, str] | None:
    """The first part of a saved model whose class or function is not known in this process.

    Args:
        path: The file.
        kind: `"h5"` or `"keras"`.

    Returns:
        What it is, for messages, and the name of its class or function; None if all are known or the file can't
        be read.
    """
    import keras

    try:
        config = _stored_config(path, kind)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    given = {name for _, name in _own_parts(config, set()) if keras.saving.get_registered_object(name) is not None}
    return next(_own_parts(config, given), None)


def holds_code(path: Path, kind: str) -> bool:
    """Whether a saved model has Python code in it, as a `Lambda` has.

    Args:
        path: The file.
        kind: `"h5"` or `"keras"`.
    """
    try:
        config = _stored_config(path, kind)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return False  # damaged, or of weights alone; loading it says so
    return any(name == "Lambda" for _, name in _own_parts(config, set()))


def _stored_config(path: Path, kind: str) -> Any:
    if kind == "keras":
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    import h5py

    with h5py.File(path, "r") as file:
        return json.loads(file.attrs["model_config"])


def _own_parts(config: Any, given: set[str]) -> Iterator[tuple[str, str]]:
    if isinstance(config, list | tuple):
        for item in config:
            yield from _own_parts(item, given)
    elif isinstance(config, dict):
        own = _own_name(config)
        if own and own not in given:
            inner = config.get("config")
            label = inner.get("name") if isinstance(inner, dict) else None
            yield (f"layer {label!r} ({own})" if label else f"{own!r}"), own
        for item in config.values():
            yield from _own_parts(item, given)


def _own_name(part: dict[str, Any]) -> str | None:
    """The registered name of a part of a configuration, if it is not one of Keras' own."""
    name = part.get("class_name")
    # As an activation, a lambda is nothing but its code.
    if name in ("Lambda", "__lambda__") or part.keys() == {"value"}:
        return "Lambda"
    if not isinstance(name, str) or name.startswith("__"):
        return None
    if name == "function":
        inner = part.get("config")
        return inner if isinstance(inner, str) else None
    if part.get("module"):
        return None if _is_keras(part["module"]) else part.get("registered_name") or name
    # h5 files, and the models in them, name no module: what isn't Keras' own is known by being found nowhere.
    return None if name in _keras_names() else part.get("registered_name") or name


def _is_keras(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _KERAS


def _keras_names() -> set[str]:
    import keras

    return {"Functional", "Model", *dir(keras), *dir(keras.layers), *dir(keras.models)}

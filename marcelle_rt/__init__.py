"""A realtime Python client for Marcelle: train in Python, watch and act in the browser."""

from __future__ import annotations

import importlib
import importlib.util
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .callbacks.keras import KerasCallback
    from .client.data_store import DataStore
    from .client.service import Service
    from .client.view import Change
    from .client.watch import Watch
    from .datasets.dataset import Dataset
    from .datasets.predictions import Predictions
    from .datasets.stored.sounds import Sound
    from .monitor.live import LiveRuns
    from .notices import MarcelleWarning
    from .runs.remote.remote import Remote
    from .runs.sync.status import Status
    from .runs.uploader import Uploaded, Uploader
    from .runs.writer import Writer
    from .serving.parameters import Range
    from .serving.server import TrainingServer
    from .utils import conform_dict, get_model_info

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # a library is quiet until it is asked

__all__ = [
    "Change",
    "DataStore",
    "Dataset",
    "KerasCallback",
    "LiveRuns",
    "MarcelleWarning",
    "Predictions",
    "Range",
    "Remote",
    "Service",
    "Sound",
    "Status",
    "TrainingServer",
    "Uploaded",
    "Uploader",
    "Watch",
    "Writer",
    "conform_dict",
    "get_model_info",
]

_KERAS = ("keras", "tf_keras")
if not any(map(importlib.util.find_spec, _KERAS)):
    __all__.remove("KerasCallback")  # so that `from marcelle_rt import *` works without Keras

# Everything is imported when it is first asked for: `import marcelle_rt` costs milliseconds and never
# brings in Keras, NumPy or a network library.
_HOMES = {
    "Change": "client.view",
    "DataStore": "client.data_store",
    "Dataset": "datasets.dataset",
    "KerasCallback": "callbacks.keras",
    "LiveRuns": "monitor.live",
    "MarcelleWarning": "notices",
    "Predictions": "datasets.predictions",
    "Range": "serving.parameters",
    "Remote": "runs.remote.remote",
    "Service": "client.service",
    "Sound": "datasets.stored.sounds",
    "Status": "runs.sync.status",
    "TrainingServer": "serving.server",
    "Uploaded": "runs.uploader",
    "Uploader": "runs.uploader",
    "Watch": "client.watch",
    "Writer": "runs.writer",
    "conform_dict": "utils",
    "get_model_info": "utils",
}


_MODULES = ("backend", "errors", "models", "monitor")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _KERAS:
            raise ImportError(f"{name} needs Keras: pip install 'marcelle-rt[keras]'") from error
        raise
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *(name for name in globals() if name.startswith("__"))})

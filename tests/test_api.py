"""The public surface is what the reference says: names, parameters, their order and their defaults."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jedi
import pytest

import marcelle_rt

URL = None  # the reference's "http://localhost:3030" is `None` here: `$MARCELLE_BACKEND`, or else that URL
REQUIRED = inspect.Parameter.empty

REFERENCE: dict[str, dict[str, Any]] = {
    "DataStore.__init__": {"location": URL},
    "DataStore.service": {"name": REQUIRED},
    "Service.__init__": {"location": REQUIRED},
    "Service.find": {"params": {}},
    "Service.get": {"id": REQUIRED, "params": {}},
    "Service.create": {"data": REQUIRED, "params": {}},
    "Service.update": {"id": REQUIRED, "data": REQUIRED, "params": {}},
    "Service.patch": {"id": REQUIRED, "data": REQUIRED, "params": {}},
    "Service.remove": {"id": REQUIRED, "params": {}},
    "Service.items": {"query": {}},
    "Remote.__init__": {"backend_root": URL, "save_format": "tfjs", "source": "keras"},
    "Remote.create": {"run_data": REQUIRED},
    "Remote.update": {"run_data": None},
    "Remote.upload_model": {"path_to_model": REQUIRED, "local_format": REQUIRED, "metadata": {}},
    "Remote.upload_tfjs_model": {"tmp_path": REQUIRED, "metadata": {}},
    "Remote.upload_onnx_model": {"tmp_path": REQUIRED, "metadata": {}},
    "Remote.upload_asset": {"path_to_asset": REQUIRED, "metadata": {}},
    "Remote.retrieve_run": {"run_start_at": REQUIRED},
    "Remote.remove_run": {"run_data": REQUIRED},
    "Uploader.__init__": {"remote": REQUIRED},
    "Uploader.upload": {"run_directory": REQUIRED, "overwrite": False},
    "KerasCallback.__init__": {
        "name": REQUIRED,
        "backend_root": URL,
        "disk_save_format": "h5",
        "remote_save_format": "tfjs",
        "model_checkpoint_freq": None,
        "base_log_dir": "marcelle-logs",
        "run_params": {},
    },
    "conform_dict": {"d": REQUIRED},
    "get_model_info": {"model": REQUIRED, "source": REQUIRED, "loss": None},
    "Writer.__init__": {
        "name": REQUIRED,
        "backend_root": URL,
        "disk_save_format": "h5",
        "remote_save_format": "tfjs",
        "base_log_dir": "marcelle-logs",
        "source": "keras",
    },
    "Writer.create_run": {"model": None, "run_params": {}, "loss": None},
    "Writer.train_begin": {"epochs": REQUIRED},
    "Writer.save_epoch": {"epoch": REQUIRED, "logs": None, "save_checkpoint": False, "assets": []},
    "Writer.train_end": {"logs": None, "save_checkpoint": False},
}


@pytest.mark.parametrize("name", REFERENCE)
def test_names_parameters_and_defaults_are_the_references(name: str) -> None:
    if name.startswith("KerasCallback"):
        pytest.importorskip("keras")
    value: Any = marcelle_rt
    for part in name.split("."):
        value = getattr(value, part)
    parameters = {
        p.name: p.default
        for p in inspect.signature(value).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"
    }
    assert parameters == REFERENCE[name]
    assert list(parameters) == list(REFERENCE[name])
    assert inspect.getdoc(value)


def test_the_public_names_are_sorted_and_there() -> None:
    names = [name for name in marcelle_rt.__all__ if name != "KerasCallback"]
    assert marcelle_rt.__all__ == sorted(marcelle_rt.__all__)
    assert all(getattr(marcelle_rt, name) for name in names)
    assert set(marcelle_rt.__all__) <= set(dir(marcelle_rt))
    assert len(dir(marcelle_rt)) == len(set(dir(marcelle_rt)))


def test_modules_that_users_need_are_there_without_an_import_of_their_own() -> None:
    program = "import marcelle_rt; print(marcelle_rt.monitor.LiveRuns, marcelle_rt.errors.MarcelleError)"
    subprocess.run([sys.executable, "-c", program], check=True)


def without_keras(program: str) -> subprocess.CompletedProcess[str]:
    hidden = "import sys; sys.modules['keras'] = sys.modules['tf_keras'] = sys.modules['tensorflow'] = None\n"
    return subprocess.run([sys.executable, "-c", hidden + program], capture_output=True, text=True)


def test_without_keras_everything_else_can_be_imported_at_once() -> None:
    answer = without_keras("from marcelle_rt import *; print(Writer, DataStore, 'KerasCallback' in globals())")

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("False\n")


def test_without_keras_its_callback_says_what_to_install() -> None:
    answer = without_keras("from marcelle_rt import KerasCallback")

    assert answer.stderr.endswith("ImportError: KerasCallback needs Keras: pip install 'marcelle-rt[keras]'\n")


URL_OF_NOBODY = "http://127.0.0.1:9"
OBJECTS: dict[str, Callable[[Path], Any]] = {
    "DataStore": lambda folder: marcelle_rt.DataStore(URL_OF_NOBODY),
    "Dataset": lambda folder: marcelle_rt.Dataset(URL_OF_NOBODY, "digits"),
    "Predictions": lambda folder: marcelle_rt.Predictions(URL_OF_NOBODY, "digits"),
    "Range": lambda folder: marcelle_rt.Range(0, 1),
    "Remote": lambda folder: marcelle_rt.Remote(URL_OF_NOBODY),
    "Service": lambda folder: marcelle_rt.DataStore(URL_OF_NOBODY).service("runs"),
    "Uploader": lambda folder: marcelle_rt.Uploader(marcelle_rt.Remote(URL_OF_NOBODY)),
    "Writer": lambda folder: marcelle_rt.Writer("r", URL_OF_NOBODY, base_log_dir=str(folder)),
}
"""How a user comes by an object of these; of the others the class itself is asked for."""


@pytest.mark.parametrize("name", ["the package", *marcelle_rt.__all__])
def test_tab_completes_what_is_public(name: str, tmp_path: Path) -> None:
    if name == "KerasCallback":
        pytest.importorskip("keras")
    make = OBJECTS.get(name)
    thing = marcelle_rt if name == "the package" else make(tmp_path) if make else getattr(marcelle_rt, name)
    public = {member for member in dir(thing) if not member.startswith("_")}
    completions = {completion.name for completion in jedi.Interpreter("thing.", [{"thing": thing}]).complete()}

    assert public <= completions
    assert public or not isinstance(thing, type)


@pytest.mark.parametrize("uses_jedi", [True, False])
def test_tab_in_ipython_gives_the_members_of_every_public_object(uses_jedi: bool, tmp_path: Path) -> None:
    completer = pytest.importorskip("IPython.core.completer")
    things = {name.lower(): make(tmp_path) for name, make in OBJECTS.items()}
    things |= {"package": marcelle_rt, "monitor": marcelle_rt.monitor}
    its = completer.IPCompleter(shell=None, namespace=dict(things), global_namespace={}, use_jedi=uses_jedi)

    with completer.provisionalcompleter():
        for name, thing in things.items():
            offered = {found.text.lstrip(".") for found in its.completions(f"{name}.", len(name) + 1)}
            public = {member for member in dir(thing) if not member.startswith("_")}
            assert public <= offered, name
            assert public


def test_the_modules_offer_what_is_public_alone() -> None:
    offered = {name for name in dir(marcelle_rt.monitor) if not name.startswith("_")}

    assert offered == {"LiveRuns", "history_frame", "runs_frame"}


def test_tab_is_tried_on_names_that_are_public() -> None:
    assert set(OBJECTS) <= set(marcelle_rt.__all__)

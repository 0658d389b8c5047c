"""Other people's code raises what it likes, `SystemExit` too: the training goes on all the same."""

from __future__ import annotations

import logging
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer, models
from marcelle_rt.backend import Backend
from marcelle_rt.models import disk
from marcelle_rt.runs.training import system_metrics
from tests.helpers import eventually


class Ends(BaseException):
    """What no `except Exception` catches, and no program expects."""


def raiser(error: type[BaseException]) -> Callable[..., Any]:
    def raises(*_: object, **__: object) -> Any:
        raise error

    return raises


def odd(error: type[BaseException], *methods: str, base: type = object, **given: Any) -> Any:
    """An object whose methods raise."""
    return type("Odd", (base,), {name: raiser(error) for name in methods} | given)()


class Params(Mapping):
    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def __getitem__(self, key: str) -> object:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        return iter(["lr"])

    def __len__(self) -> int:
        return 1


class Logs(Params):
    def items(self) -> Any:
        raise self._error


def params(writer: Writer, error: type[BaseException], **_: object) -> None:
    writer.create_run(None, Params(error))
    writer.save_epoch(1, {"loss": 1.0})


def keys_and_values(writer: Writer, error: type[BaseException], **_: object) -> None:
    writer.create_run(None, {odd(error, "__str__", "__repr__"): 1, "x": odd(error, "tolist", "__repr__")})
    writer.save_epoch(1, {"loss": 1.0, "x": odd(error, "tolist")})


def logs(writer: Writer, error: type[BaseException], **_: object) -> None:
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.save_epoch(1, Logs(error))


def summary(writer: Writer, error: type[BaseException], **_: object) -> None:
    given = {"layers": [], "trainable_weights": [], "non_trainable_weights": [], "name": "n"}
    writer.create_run(odd(error, "summary", **given))
    writer.save_epoch(1, {"loss": 1.0})


def saving(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, model: Any) -> None:
    patch.setattr(disk, "save", raiser(error))
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)


def converting(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, model: Any) -> None:
    patch.setattr(models, "is_quick", lambda *_: True)
    patch.setattr(models, "convert", raiser(error))
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)


def converting_beside(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, model: Any) -> None:
    patch.setattr(models, "is_quick", lambda *_: False)
    patch.setattr(models, "convert_in_subprocess", raiser(error))
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    writer.flush()


def stderr(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, **_: object) -> None:
    patch.setattr(sys, "stderr", odd(error, "write", "flush", "isatty", "fileno"))
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.alert("told")


def shown_warnings(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, **_: object) -> None:
    patch.setattr(warnings, "showwarning", raiser(error))
    writer.create_run()
    writer.save_epoch(1, {"loss": "no number"})
    writer.save_epoch(1, {"loss": 1.0})


def log_handlers(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, **_: object) -> None:
    handler = logging.Handler(logging.DEBUG)
    patch.setattr(handler, "emit", raiser(error))
    patch.setattr(logging.getLogger(), "handlers", [handler])
    patch.setattr(logging.getLogger(), "level", logging.DEBUG)
    for name in ("marcelle_rt", "marcelle_rt.client", "urllib3", "urllib3.connectionpool"):
        logging.getLogger(name).manager._clear_cache()  # type: ignore[attr-defined]
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0, "a.b": "no number"}, assets=["/nothing.png"])
    writer.flush()


def figures_of_the_machine(writer: Writer, error: type[BaseException], patch: pytest.MonkeyPatch, **_: object) -> None:
    sampler = system_metrics.Sampler(raiser(error), interval=0.01, first=0.0)
    patch.setattr(system_metrics, "_sampler", sampler)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})


PLACES: list[Callable[..., None]] = [
    *(params, keys_and_values, logs, summary, saving, converting, converting_beside),
    *(stderr, shown_warnings, log_handlers, figures_of_the_machine),
]


@pytest.mark.filterwarnings("always::marcelle_rt.notices.MarcelleWarning")
@pytest.mark.parametrize("error", [SystemExit, Ends, MemoryError, GeneratorExit])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_what_other_peoples_code_raises_ends_no_training_and_loses_no_epoch(
    place: Callable[..., None],
    error: type[BaseException],
    backend: Backend,
    store: DataStore,
    model: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path, system_metrics=True)
    with monkeypatch.context() as patch:
        place(writer, error, patch=patch, model=model)
        writer.save_epoch(2, {"loss": 0.5})
        writer.train_end()
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], run["logs"]["loss"]) == ("success", [1.0, 0.5])


@pytest.mark.parametrize("place", [params, logs, summary, saving], ids=lambda place: place.__name__)
def test_ctrl_c_is_the_users_own_and_comes_out_everywhere(
    place: Callable[..., None], model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        place(Writer("c", remote=False, base_log_dir=tmp_path), KeyboardInterrupt, patch=monkeypatch, model=model)


def test_a_handler_that_ends_its_thread_stops_no_other(store: DataStore) -> None:
    service = store.service(f"things-{uuid.uuid4().hex}")
    heard: list[Any] = []
    service.on("created", raiser(SystemExit))
    service.on("created", raiser(Ends))
    service.on("created", heard.append)
    for n in range(3):
        service.create({"n": n})
    for document in service.items():
        assert document["n"] < 3
    eventually(lambda: [document["n"] for document in heard] == [0, 1, 2])

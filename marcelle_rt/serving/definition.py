"""What a server is, wherever it is: in the process that serves, and in those that run its jobs.

A job's process imports the module of the server by name, and finds there what to run. Nothing is pickled, and nothing
that came over the wire names code.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..client.auth import user_of
from ..client.data_store import DataStore
from ..errors import MarcelleError
from .tasks import Task


@dataclass
class Definition:
    """What a `TrainingServer` was given.

    Attributes:
        store: The backend.
        lease: Seconds after which a job whose worker gives no sign of life is another's.
        public: Whether users see what it writes who sign in as somebody else.
        tasks: By name.
        predictors: Functions that answer predictions, by the name of their task.
        owner: The `_id` of the user that the server is signed in as; `None` where nobody signs in, or before
            `learn_owner`.
    """

    store: DataStore
    lease: float
    public: bool
    tasks: dict[str, Task] = field(default_factory=dict)
    predictors: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    owner: str | None = None

    def serves(self, is_one: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], bool]:
        """Tells which documents of a kind are for this server: one that is not public is its own user's alone.

        Another user can't see its tasks, but can guess their names, and make what he asks visible to everybody.

        Args:
            is_one: Whether a document is of that kind.
        """
        return lambda document: (
            is_one(document) and (self.public or self.owner is None or document.get("userId") == self.owner)
        )

    def learn_owner(self) -> None:
        """Learns who the server is signed in as.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        session = self.store.session
        self.owner = user_of(session.caller.token(time.monotonic() + session.timeout))

    def may_command(self, command: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
        """Whether a command to a job is one of a user's who may see the job.

        Args:
            command: The command's document.
            job: The job's.
        """
        return self.owner is None or command.get("userId") == self.owner or (self.public and job.get("public") is True)


class NoServer(MarcelleError):
    """A module and a name where there is no `TrainingServer`."""


class Reference(NamedTuple):
    """Where the server's definition can be imported.

    Attributes:
        module: The module's name.
        attribute: The server's name in it.
        folder: What has to be on `sys.path`; empty where nothing is missing.
    """

    module: str
    attribute: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that `module:server` stands for; modules in the working directory count.

        Raises:
            NoServer: It has no colon.
        """
        module, colon, attribute = text.partition(":")
        if not colon or not module or not attribute:
            raise NoServer(f"{text!r} names no server; use module:name, for example train:server for train.py")
        return cls(module, attribute, os.getcwd())

    @classmethod
    def of(cls, server: object, modules: Mapping[str, Any] | None = None) -> Reference:
        """Where a server is: the module that has it as a global.

        Raises:
            NoServer: None has, or none that another process could import.
        """
        known = sys.modules if modules is None else modules
        for name, module in [("__main__", known.get("__main__")), *list(known.items())]:
            for attribute, value in list(getattr(module, "__dict__", {}).items()):
                if value is server:
                    return _importable(name, module, attribute)
        raise NoServer(
            "the TrainingServer is not a global of a module, so the processes of its jobs can't find it; write "
            "`server = TrainingServer()` at the top level of a file"
        )

    def load(self) -> Definition:
        """Imports it.

        Raises:
            NoServer: There is no such module, or no such server in it.
            Exception: What importing the module raises.
        """
        if self.folder and self.folder not in sys.path:
            sys.path.insert(0, self.folder)
        _importing.servers = getattr(_importing, "servers", 0) + 1
        try:
            module = self._here() or importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            if f"{self.module}.".startswith(f"{error.name}."):  # and not one that it imports
                raise NoServer(f"there is no module {error.name!r} in {self.folder or os.getcwd()}") from None
            raise
        finally:
            _importing.servers -= 1
        definition = getattr(getattr(module, self.attribute, None), "definition", None)
        if not isinstance(definition, Definition):
            raise NoServer(f"{self.module} has no TrainingServer named {self.attribute!r}")
        return definition

    def _here(self) -> Any:
        """The program itself, where it is the server's file: a worker that is a thread must not run it once more."""
        main = sys.modules.get("__main__")
        file = getattr(main, "__file__", None)
        mine = Path(self.folder, f"{self.module}.py") if self.folder else None
        return main if file is not None and mine is not None and Path(file).resolve() == mine else None


_importing = threading.local()  # how many servers' modules a thread imports, to find servers and not to serve


def is_loading() -> bool:
    """Whether a module is imported for its definition: `serve()` at its end then does nothing."""
    return getattr(_importing, "servers", 0) > 0


def _importable(name: str, module: Any, attribute: str) -> Reference:
    if name != "__main__":
        return Reference(name, attribute, _root(name, module))
    spec = getattr(module, "__spec__", None)
    if spec is not None:  # python -m package.module
        return Reference(spec.name.removesuffix(".__main__"), attribute, os.getcwd())
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py"):
        raise NoServer(
            "the processes of jobs can't import a notebook or a prompt; put the TrainingServer and its tasks into a "
            "file, for example train.py, and run `marcelle-rt serve train:server`"
        )
    path = Path(file).resolve()
    return Reference(path.stem, attribute, str(path.parent))


def _root(name: str, module: Any) -> str:
    """The folder from which a module can be imported by its name."""
    file = getattr(module, "__file__", None)
    if file is None:
        return ""
    path = Path(file).resolve()
    depth = name.count(".") + (path.name == "__init__.py")
    return str(path.parents[depth])

"""What a server can do: its tasks and predictors, by name."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidData, MarcelleError
from ..values import canonical
from .documents import ParameterDocument
from .parameters import checked, parameters_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class UnknownTask(MarcelleError):
    """A task that nobody has.

    Attributes:
        task: Its name.
    """

    def __init__(self, task: str, known: list[str]) -> None:
        self.task = task
        there_are = f"there are {', '.join(map(repr, sorted(known)))}" if known else "there are none"
        super().__init__(f"There is no task {task!r}; {there_are}.")


@dataclass(frozen=True)
class Task:
    """A function that jobs run.

    Attributes:
        name: What pages call it by.
        function: Gets the job, and the parameters by name.
        retries: How often a job is started again whose process was lost.
        parameters: Those of the function, but for the job.
        version: Differs where two servers have different functions under one name.
    """

    name: str
    function: Callable[..., Any]
    retries: int
    parameters: list[ParameterDocument] = field(default_factory=list)
    version: str = ""

    @classmethod
    def of(cls, function: Callable[..., Any], retries: int) -> Task:
        """A task of a function.

        Raises:
            InvalidData: It is not a plain function with a plain name, or a parameter is one that no form can give.
        """
        check_function("task", function)
        plain = check_name("task", getattr(function, "__name__", ""))
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise InvalidData("retries", retries, "is not a number of times; use 0 or more")
        parameters = parameters_of(function)
        return cls(plain, function, retries, parameters, _version(function, parameters))

    def values(self, given: Any) -> dict[str, Any]:
        """What the function is called with; raises `InvalidData` with the parameter's name."""
        return checked(self.parameters, given)


def check_function(what: str, function: Any) -> None:
    """Checks that calling something does its work.

    Args:
        what: What it is to be, for people.
        function: What was decorated.

    Raises:
        InvalidData: It can't be called, or only makes a coroutine or a generator, in which nothing would happen.
    """
    if not callable(function):
        raise InvalidData(what, function, f"is not a function; write @server.{what} above one")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidData(what, function, "is `async`, and nobody would await it; write `def`, and asyncio.run in it")
    if inspect.isgeneratorfunction(function):
        raise InvalidData(what, function, "has `yield` in it, so that a call runs nothing; return what it has instead")


def check_name(what: str, name: Any) -> str:
    """Returns the name of a task, if it can be one.

    Raises:
        InvalidData: It has something else in it than letters, digits, `_` and `-`, or is too long.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidData(
            what, name, "is not a plain name; use letters, digits, _ and -, beginning with a letter, 64 at most"
        )
    return name


def _version(function: Callable[..., Any], parameters: list[ParameterDocument]) -> str:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # typed at a prompt, or not written in Python
        source = ""
    return hashlib.sha256(source.encode() + canonical(parameters)).hexdigest()[:12]

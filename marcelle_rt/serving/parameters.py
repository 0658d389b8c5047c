"""A task's parameters: from the function's signature to what a page's form needs, and the check of what comes back.

| annotation | `type` | what a page draws |
|---|---|---|
| `int`, `float`, `bool`, `str` | `integer`, `number`, `boolean`, `string` | a field, or a checkbox |
| `Literal["a", "b"]` | `choice` with `options` | a menu |
| `list[int]`, `list[float]` | `integer array`, `number array` | a field of numbers |
| `Annotated[..., Range(low, high)]` | as inside, with `min` and `max` | the same |

Pure: nothing but names and JSON values goes in or out.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ..errors import InvalidData
from ..values import SAFE_INTEGER
from .documents import Kind, ParameterDocument

_KINDS: dict[Any, Kind] = {
    **{int: "integer", float: "number", bool: "boolean", str: "string"},
    **{list[int]: "integer array", list[float]: "number array", list: "number array"},
}
_ALLOWED = (
    "int, float, bool, str, Literal[...], list[int], list[float], or one of them in Annotated[..., Range(low, high)]"
)
_LONGEST = 10_000  # characters of a text, and numbers of an array: a form holds no more


@dataclass(frozen=True)
class Range:
    """The bounds of a number, for `Annotated[float, Range(1e-5, 1.0)]`; both belong to it.

    Attributes:
        min: The least.
        max: The most.

    Raises:
        InvalidData: They are not numbers, or the least is above the most.
    """

    min: float
    max: float

    def __post_init__(self) -> None:
        for name, bound in (("min", self.min), ("max", self.max)):
            if not _is_number(bound):
                raise InvalidData(f"Range.{name}", bound, "is not a number; use for example Range(1e-5, 1.0)")
        if self.min > self.max:
            raise InvalidData("Range", (self.min, self.max), "has its least above its most; exchange them")


def parameters_of(function: Callable[..., Any]) -> list[ParameterDocument]:
    """The parameters of a task's function, without the first, which is the job.

    Args:
        function: The function.

    Raises:
        InvalidData: It takes no job, or has a parameter that no form can give.
    """
    name = getattr(function, "__name__", "task")
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # an annotation is code of the user's, and raises what it likes
        raise InvalidData(name, function, f"has an annotation that can't be read ({error})") from error
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        raise InvalidData(name, function, f"takes no job; write for example `def {name}(job, *, epochs: int = 10)`")
    return [_described(f"{name}({each.name})", each, hints.get(each.name)) for each in parameters[1:]]


def checked(parameters: Iterable[ParameterDocument], given: Any) -> dict[str, Any]:
    """What a function is called with: the given values, and the defaults of the others.

    Args:
        parameters: The task's.
        given: Names with values, as they came over the wire.

    Returns:
        A value for each parameter, of its type.

    Raises:
        InvalidData: A value does not fit, one is missing, or there is no such parameter; the path is its name.
    """
    if not isinstance(given, Mapping):
        raise InvalidData("params", given, 'are not names with values; use for example {"epochs": 10}')
    known = {parameter["name"]: parameter for parameter in parameters}
    if unknown := [name for name in given if name not in known]:
        there_are = f"the task has {', '.join(known)}" if known else "the task has none"
        raise InvalidData(str(unknown[0])[:80], given[unknown[0]], f"is not a parameter; {there_are}")
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in given:
            values[name] = _value(parameter, given[name])
        elif "default" in parameter:
            values[name] = parameter["default"]
        else:
            raise InvalidData(name, None, f"is missing; give {_article(parameter)}")
    return values


def _described(path: str, parameter: inspect.Parameter, hint: Any) -> ParameterDocument:
    if parameter.kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        raise InvalidData(path, str(parameter), "can't be given by name; write `job, *, epochs: int = 10`")
    has_default = parameter.default is not inspect.Parameter.empty
    if hint is None and has_default:
        hint = type(parameter.default)
    bounds: list[Range] = []
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        bounds = [extra for extra in extras if isinstance(extra, Range)]
    document: ParameterDocument = {"name": parameter.name, "type": _kind(path, hint)}
    if document["type"] == "choice":
        document["options"] = list(get_args(hint))
    if bounds:
        if document["type"] not in ("integer", "number", "integer array", "number array"):
            raise InvalidData(path, bounds[0], f"is a range of what is not a number but a {document['type']}")
        document["min"], document["max"] = bounds[-1].min, bounds[-1].max
    if has_default:
        try:
            document["default"] = _value(document, parameter.default)
        except InvalidData as error:
            raise InvalidData(path, parameter.default, f"can't be its default: it {error.reason}") from None
    return document


def _kind(path: str, hint: Any) -> Kind:
    if get_origin(hint) is Literal:
        options = get_args(hint)
        if all(type(option) is str or _is_number(option) for option in options):
            return "choice"
        raise InvalidData(path, hint, "has choices that are neither texts nor numbers")
    try:
        return _KINDS[hint]
    except (KeyError, TypeError):  # a type that can't be a key
        raise InvalidData(path, hint, f"is not a type that a page can give; use {_ALLOWED}") from None


def _value(parameter: ParameterDocument, given: Any) -> Any:
    name, kind = parameter["name"], parameter["type"]
    if kind in ("integer array", "number array"):
        if isinstance(given, (list, tuple)) and len(given) <= _LONGEST:
            numbers = [_number(parameter, each, is_whole=kind == "integer array") for each in given]
            if None not in numbers:
                return numbers
    elif kind == "choice":
        for option in parameter.get("options", []):
            if type(option) is type(given) and option == given:
                return option
            if _is_number(option) and _is_number(given) and option == given:
                return option
    elif kind == "boolean":
        if isinstance(given, bool):
            return given
    elif kind == "string":
        if isinstance(given, str) and len(given) <= _LONGEST:
            return given
    elif (number := _number(parameter, given, is_whole=kind == "integer")) is not None:
        return number
    raise InvalidData(name, given, f"is not {_article(parameter)}")


def _number(parameter: ParameterDocument, given: Any, *, is_whole: bool) -> float | None:
    """A number of the type that the function asks for, or `None` for what is not one; JavaScript has one type alone."""
    if not _is_number(given):
        return None
    if not is_whole:
        return float(_in_range(parameter, given))
    return int(_in_range(parameter, given)) if given == int(given) and abs(given) < SAFE_INTEGER else None


def _in_range(parameter: ParameterDocument, given: float) -> float:
    if not parameter.get("min", -math.inf) <= given <= parameter.get("max", math.inf):
        low, high = parameter["min"], parameter["max"]
        raise InvalidData(parameter["name"], given, f"is out of range; use {low:g} to {high:g}")
    return given


def _article(parameter: ParameterDocument) -> str:
    """What a value must be, in words."""
    kind = parameter["type"]
    if kind == "choice":
        return "one of " + ", ".join(map(repr, parameter.get("options", [])))
    words = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "string": f"a text of at most {_LONGEST:,} characters",
        "integer array": "a list of whole numbers",
        "number array": "a list of numbers",
    }
    return words[kind]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

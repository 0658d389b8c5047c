"""What may go on the wire. Pure: no I/O, no clock but the one asked for in `iso`.

Two ways out: `to_wire` is strict and refuses what a backend would refuse (or, worse, would answer by
closing the connection), naming the place; `to_run` never raises, because monitoring must never stop a
training: it makes the best of every value and says what it changed.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from .errors import InvalidData
from .foreign import pass_interrupt, shown, spelled, utf8

SOCKET_LIMIT = 1_000_000
"""Bytes in one frame above which a Socket.IO server closes the connection (`maxHttpBufferSize`)."""

REST_LIMIT = 100_000
"""Bytes in one JSON body above which the backend's REST answers with an error (body-parser's default)."""

JAVASCRIPTS_OWN = frozenset(
    {"__proto__", "constructor", "prototype", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"}
    | {"toLocaleString", "toString", "valueOf"}
    | {"__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"}
)
"""Keys that lead into JavaScript's own objects, those of `Object.prototype`: pages lose what is stored under the first,
and backends refuse paths through the others."""

LONGEST_KEY = 500
"""Letters of a key in a run; backends refuse paths of more than 1,000."""

_DEEPEST = 50
_MOST_LISTS = 4
"""How deep a value of a run may be nested, and in how many lists; backends refuse documents of 100 and of 6, and a run
has its values in lists of its own."""

ANSWER_LIMIT = 100_000_000
"""Bytes in one answer or event above which it is not read: about the run of a million epochs."""

SAFE_INTEGER = 2**53
"""Integers from here on lose digits in JavaScript (`Number.MAX_SAFE_INTEGER`)."""


def dumps(data: Any, path: str = "data") -> bytes:
    """Encodes data that went through `to_wire` or `to_run` as JSON.

    Raises:
        InvalidData: For what JSON can't hold, for example an integer over 64 bits.
    """
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError as error:
        raise InvalidData(path, data, f"can't be written as JSON ({error})") from None


def canonical(data: Any) -> bytes:
    """Encodes plain JSON values so that what is equal in JSON is equal in bytes."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def loads(text: bytes | str) -> Any:
    """Decodes JSON, also with halves of characters: a page's text that was cut in the middle of an emoji ends in one.

    JavaScript keeps them, and writes them as escapes of surrogates that stand alone. Python has no UTF-8 for them, so
    that they become the character for what can't be read, U+FFFD.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        if len(text) > _MENDED:
            raise
        given = text if isinstance(text, str) else text.decode()
        whole = _ESCAPE.sub(lambda escape: r"\ufffd" if escape[1] else escape[0], given)
        if whole == given:
            raise
        return orjson.loads(whole)


_MENDED = 5_000_000
"""Characters of JSON with halves in it that are mended; more would keep a program busy for seconds. Pages of documents,
as they are asked for here, have fewer."""

_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
"""An escape in JSON; as its group, where it is a surrogate that stands alone."""


def iso(time: dt.datetime | None = None) -> str:
    """A time as JavaScript's `Date.toISOString` writes it: UTC, milliseconds, `Z`.

    Args:
        time: The time; one without a zone is taken as local. Now if `None`.
    """
    time = (time or dt.datetime.now(dt.timezone.utc)).astimezone(dt.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def iso_at(seconds: object) -> str | None:
    """A time in seconds since 1970 as `iso` writes it; `None` for what is not one, or is out of range."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        return None
    try:
        return iso(dt.datetime.fromtimestamp(seconds, dt.timezone.utc))
    except (OverflowError, ValueError, OSError):
        return None


def time_of(text: object) -> dt.datetime | None:
    """A time as documents hold it, with its zone (UTC if it names none); `None` for what is not a time."""
    if not isinstance(text, str):
        return None
    try:
        time = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=dt.timezone.utc)


def to_wire(data: Any, path: str = "data", *, operators: bool = False) -> Any:
    """Copies data into plain JSON types, ready for `dumps`.

    NumPy values, tensors, dates, enums and paths become JSON; NaN and infinities become `None`, because a
    frame that holds one makes the server close the connection.

    Args:
        data: Any nesting of mappings, sequences and values.
        path: How errors name `data`.
        operators: Let keys with `.` or a leading `$` through, as a query or a patch may have them.

    Raises:
        InvalidData: For a key or a value that the server would refuse or change, with its place.
    """
    try:
        return _wire(data, path, operators)
    except RecursionError:
        raise InvalidData(path, type(data), "is nested too deeply, or contains itself") from None


def _wire(value: Any, path: str, operators: bool) -> Any:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int:
        return _exact(value, path)
    if isinstance(value, Mapping):
        return {_key(k, path, operators): _wire(v, f"{path}.{k}", operators) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_wire(v, f"{path}[{i}]", operators) for i, v in enumerate(value)]
    plain = _plain(value)
    if plain is _NOT_PLAIN:
        raise InvalidData(path, value, f"is a {kind.__name__}, which JSON can't hold; convert it first")
    return _wire(plain, path, operators)


def _exact(value: int, path: str) -> int:
    if -SAFE_INTEGER <= value <= SAFE_INTEGER or _big(value) == value:
        return value
    raise InvalidData(path, value, "has more digits than JavaScript's numbers keep (2**53); store it as a text")


def _key(key: Any, path: str, operators: bool) -> str:
    key = _plain_key(key)
    if not isinstance(key, str):
        raise InvalidData(path, key, f"is a {type(key).__name__} and can't be a key; use a string")
    if not operators and ("." in key or key.startswith("$")):
        raise InvalidData(
            f"{path}.{key}", key, "can't be a key: the database refuses '.' and a leading '$'; use '_' or '/'"
        )
    return key


def to_run(data: Any, path: str) -> tuple[Any, list[str]]:
    """Makes the best of data for a run document; never raises.

    Like `to_wire`, but a bad key gets `_` for each bad character (a clash gets `_2`), and a value that
    JSON can't hold becomes its `repr`.

    Returns:
        The copy, and a sentence for each thing that was changed.
    """
    remarks: list[str] = []
    try:
        copy = _shallow(_lenient(data, path, remarks), path, remarks)
        orjson.dumps(copy)
    except BaseException as error:  # what nests too deep; keys of other people's, whose `str` may raise anything
        pass_interrupt(error)
        remarks.append(f"{path} can't be written as JSON ({error}); its text was kept instead")
        return shown(data), remarks
    return copy, remarks


def _lenient(value: Any, path: str, remarks: list[str]) -> Any:
    if isinstance(value, Mapping):
        renamed = safe_keys(value, path, remarks)
        return {renamed[k]: _lenient(v, f"{path}.{k}", remarks) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_lenient(v, f"{path}[{i}]", remarks) for i, v in enumerate(value)]
    if isinstance(value, str):
        return utf8(value)
    try:
        plain = _wire(value, path, False)
        orjson.dumps(plain)
        return plain
    except RecursionError:
        raise
    except BaseException as error:  # InvalidData, and what a value's own methods raise: a JAX array that was donated
        pass_interrupt(error)
        remarks.append(f"{path} is a {type(value).__name__} that JSON can't hold; its text was kept instead")
        return shown(value)


def _shallow(value: Any, path: str, remarks: list[str], depth: int = 0, lists: int = 0) -> Any:
    """A plain value with text in place of what is nested deeper than a backend takes."""
    if not isinstance(value, (dict, list)):
        return value
    if depth >= _DEEPEST or lists >= _MOST_LISTS:
        remarks.append(f"{path[:LONGEST_KEY]} is nested too deeply for a backend; its text was kept instead")
        return shown(value)
    if isinstance(value, list):
        return [_shallow(item, f"{path}[{i}]", remarks, depth + 1, lists + 1) for i, item in enumerate(value)]
    return {key: _shallow(item, f"{path}.{key}", remarks, depth + 1, lists) for key, item in value.items()}


def safe_keys(keys: Mapping[Any, Any], path: str, remarks: list[str]) -> dict[Any, str]:
    """Names that a database takes, one for each key, in order.

    Args:
        keys: The mapping whose keys are wanted.
        path: How remarks name the mapping.
        remarks: Gets a sentence for each key that had to change.

    Returns:
        Original key -> name, all different.
    """
    fixed = {k: name for k in keys if isinstance(name := _plain_key(k), str) and safe_key(name) == name}
    taken = set(fixed.values())
    for key in keys:
        if key in fixed:
            continue
        wanted = name = safe_key(spelled(_plain_key(key)))
        number = 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        taken.add(name)
        fixed[key] = name
        remarks.append(f"{path}: the key {shown(key)} is stored as {name!r} ({FIT_KEYS})")
    return fixed


FIT_KEYS = f"no '.', no leading '$', no name of JavaScript's own, 1 to {LONGEST_KEY} letters"


def safe_key(key: str) -> str:
    """A key with `_` in place of `.`, of a leading `$` and of nothing, and after a name of JavaScript's own.

    One that is too long keeps its beginning, and ends with eight hexadecimal digits of the whole.
    """
    key = utf8(key).replace(".", "_").replace("\0", "_")
    if key in JAVASCRIPTS_OWN:
        return key + "_"
    if len(key) > LONGEST_KEY:
        key = f"{key[: LONGEST_KEY - 9]}_{zlib.crc32(key.encode()):08x}"
    return "_" + key[1:] if not key or key.startswith("$") else key


def number(value: Any) -> float | int | None:
    """A log value as a number, or `None` where it is not one, or not finite.

    One-element arrays and tensors count as their element; booleans as 0 and 1.
    """
    known = measured(value)
    return known if known is not None and math.isfinite(known) else None


def measured(value: Any) -> float | int | None:
    """As `number`, but NaN and infinities stay what they are."""
    kind = type(value)
    if kind is not float and kind is not int:
        if isinstance(value, (str, bytes, Mapping)) or value is None:
            return None
        try:
            value = _plain(value)
        except BaseException as error:  # an array's own methods raise what they like: a JAX array that was donated
            pass_interrupt(error)
            return None
        while isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool):
            value = int(value)
        if not isinstance(value, (int, float)):
            return None
    if isinstance(value, int):
        return value if -SAFE_INTEGER < value < SAFE_INTEGER else _big(value)
    return float(value)


def _big(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


_NOT_PLAIN = object()


def _plain(value: Any) -> Any:
    """A value of another library as a Python value; `_NOT_PLAIN` when there is no such."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dt.datetime):
        return iso(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, complex):
        return {"real": value.real, "imag": value.imag}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    if hasattr(value, "as_integer_ratio"):  # a Decimal, a Fraction
        return float(value)
    return _from_array(value)


def _from_array(value: Any) -> Any:
    """NumPy, JAX and PyTorch have `tolist`; TensorFlow has `numpy`."""
    if hasattr(value, "detach"):  # a PyTorch tensor that requires a gradient refuses `tolist` on some devices
        value = value.detach()
    if not hasattr(value, "tolist") and hasattr(value, "numpy"):
        try:
            value = value.numpy()
        except (NotImplementedError, AttributeError, RuntimeError):  # a symbolic tensor has no value
            return _NOT_PLAIN
    if not hasattr(value, "tolist"):
        return _NOT_PLAIN
    plain = value.tolist()
    return _NOT_PLAIN if plain is value or isinstance(plain, bytes) else plain


def _plain_key(key: Any) -> Any:
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, bool) or not (isinstance(key, int) or hasattr(key, "__index__")):
        return key
    return str(int(key))

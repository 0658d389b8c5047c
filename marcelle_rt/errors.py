"""Every error that marcelle_rt raises, in one tree::

    MarcelleError
    ├── BackendUnreachable      no connection could be made
    │   └── NoWebSocket         HTTP reaches the backend, and a WebSocket does not
    ├── ConnectionLost          a call was sent; whether it was carried out is unknown
    ├── CallTimeout             a call was sent; no answer came in time
    ├── InvalidAnswer           a call was sent; what came back is not an answer to it
    ├── PayloadTooLarge         a message over the server's limit, not sent
    ├── InvalidData             a value that can't go on the wire, not sent
    ├── UnsupportedFormat       a model format that is not known
    ├── ConversionError         a model that can't be carried over to a format
    ├── RunFolderError          a folder that holds no run, or one that can't be used
    ├── DatasetError            a dataset, or an instance of one, that can't be used as asked
    └── FeathersError           the server's own answer
        ├── BadRequest (400)         ├── NotAuthenticated (401)
        ├── Forbidden (403)          ├── NotFound (404)
        ├── MethodNotAllowed (405)   ├── NotAcceptable (406)
        ├── Conflict (409)           ├── LengthRequired (411)
        ├── Unprocessable (422)      ├── TooManyRequests (429)
        ├── GeneralError (500)       ├── NotImplementedByServer (501)
        ├── BadGateway (502)         └── Unavailable (503)

Each carries the facts it was made from as attributes and writes its own sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from .foreign import shown


class MarcelleError(Exception):
    """The base of every error that this package raises on purpose."""


class BackendUnreachable(MarcelleError):
    """No connection to the backend could be made.

    Attributes:
        location: The backend's URL, without credentials.
        reason: What went wrong, in words.
    """

    def __init__(self, location: str, reason: str) -> None:
        self.location = location
        self.reason = reason
        super().__init__(
            f"No Marcelle backend could be reached at {location}: {reason}. "
            "Check the URL and that the backend is running (`marcelle-rt backend` starts one)."
        )


class NoWebSocket(BackendUnreachable):
    """HTTP reaches the backend and a WebSocket does not; calls go by HTTP then, and there are no events.

    Attributes:
        location: The backend's URL, without credentials.
        reason: What became of the WebSocket, in words.
        is_sure: Whether something on the way said so, and the line did not merely drop.
    """

    def __init__(self, location: str, reason: str, *, is_sure: bool = True) -> None:
        self.location = location
        self.reason = reason
        self.is_sure = is_sure
        MarcelleError.__init__(
            self,
            f"{location} can be reached by HTTP, but its WebSocket can't be opened ({reason}), so that no events come "
            "from there. A proxy in between must pass WebSockets on (nginx: `proxy_set_header Upgrade $http_upgrade` "
            'and `proxy_set_header Connection "upgrade"`).',
        )


class ConnectionLost(MarcelleError):
    """The line dropped while a call was under way; its fate is unknown.

    Attributes:
        location: The backend's URL, without credentials.
        call: The call that was under way, for example `"runs.patch"`.
    """

    def __init__(self, location: str, call: str) -> None:
        self.location = location
        self.call = call
        super().__init__(
            f"The connection to {location} was lost during {call}; whether the server carried it "
            "out is unknown. Read the document again before repeating the call."
        )


class CallTimeout(MarcelleError):
    """A call was sent and no answer came in time.

    Attributes:
        location: The backend's URL, without credentials.
        call: The call, for example `"runs.patch"`.
        timeout: How long was waited, in seconds.
    """

    def __init__(self, location: str, call: str, timeout: float) -> None:
        self.location = location
        self.call = call
        self.timeout = timeout
        super().__init__(
            f"{location} did not answer {call} within {timeout:g} s; whether it was carried out is "
            "unknown. Give DataStore a longer `timeout` if the server is slow."
        )


class InvalidAnswer(MarcelleError):
    """What a server answered is too large, is not JSON, or has another shape than that call's answer.

    Attributes:
        location: The backend's URL, without credentials.
        call: The call, for example `"runs.find"`.
        reason: What is wrong with the answer.
    """

    def __init__(self, location: str, call: str, reason: str) -> None:
        self.location = location
        self.call = call
        self.reason = reason
        super().__init__(
            f"The answer of {location} to {call} {reason}; whether the call was carried out is unknown. "
            "Check that the URL belongs to a Marcelle backend."
        )


AWAY = (BackendUnreachable, ConnectionLost, CallTimeout)
"""The errors that pass when the backend is back."""


class PayloadTooLarge(MarcelleError):
    """A message is larger than the server takes; it was not sent.

    Attributes:
        what: What was to be sent, for example `"runs.create"`.
        size: Its size in bytes.
        limit: The maximum that the server accepts, in bytes.
    """

    def __init__(self, what: str, size: int, limit: int) -> None:
        self.what = what
        self.size = size
        self.limit = limit
        super().__init__(
            f"{what} would send {size:,} bytes and the server takes at most {limit:,} in one message; "
            "nothing was sent. Send it in pieces, or as an uploaded asset."
        )


class InvalidData(MarcelleError, ValueError):
    """A value that can't be sent or stored; nothing was sent.

    Attributes:
        path: Where the value stands, for example `"params.layers[2]"`.
        value: The value's `repr`, shortened.
        reason: Why it is refused, and the way out.
    """

    def __init__(self, path: str, value: object, reason: str) -> None:
        self.path = path
        self.value: str = shown(value, 80)
        self.reason = reason
        super().__init__(f"{path}: {self.value} {reason}")


class UnsupportedFormat(MarcelleError, ValueError):
    """A format that is not known here.

    Attributes:
        format: The format that was asked for.
        supported: Those that can be used.
    """

    def __init__(self, what: str, format: object, supported: Iterable[str]) -> None:
        self.what = what
        self.format = format
        self.supported: tuple[str, ...] = tuple(supported)
        super().__init__(f"{what}: {shown(format, 80)} is not supported. Use one of: {', '.join(self.supported)}.")


class ConversionError(MarcelleError):
    """A model that can't be carried over to a format.

    Attributes:
        target: The format that was wanted, for example `"layers-model"`.
        culprit: The layer, activation or op that stands in the way.
        reason: Why, and what to do.
    """

    def __init__(self, target: str, culprit: str, reason: str) -> None:
        self.target = target
        self.culprit = culprit
        self.reason = reason
        super().__init__(f"Can't convert to {target}: {culprit}: {reason}")


class RunFolderError(MarcelleError):
    """A folder that holds no run, or one that can't be used.

    Attributes:
        directory: The folder.
        reason: Why, and what to do.
    """

    def __init__(self, directory: object, reason: str) -> None:
        self.directory: str = str(directory)
        self.reason = reason
        super().__init__(f"{self.directory}: {reason}")


class DatasetError(MarcelleError, ValueError):
    """A dataset, or an instance of one, that can't be used as asked.

    Attributes:
        dataset: The dataset's name.
        instance: The `_id` of the instance that stands in the way, or `None`.
        reason: Why, and what to do.
    """

    def __init__(self, dataset: str, reason: str, instance: object = None) -> None:
        self.dataset = dataset
        self.instance = instance
        self.reason = reason
        which = "" if instance is None else f", instance {instance!r}"
        super().__init__(f"dataset {dataset!r}{which}: {reason}")


class PartlyAdded(DatasetError):
    """Documents of which some are stored, when what stores them was stopped: by a lost line, or by one that can't be.

    Attributes:
        added: The ids of those that are stored, in order.
        unsure: The ids of those that came next and of which it is not known: the first of them, all or none.
    """

    def __init__(self, dataset: str, reason: str, added: list[str], unsure: list[str], instance: object = None) -> None:
        self.added = added
        self.unsure = unsure
        were = "was" if len(added) == 1 else "were"
        unknown = f", and of the next {len(unsure):,} it is not known" if unsure else ""
        super().__init__(dataset, f"{reason.rstrip('.')}; {len(added):,} {were} added before it{unknown}", instance)


class FeathersError(MarcelleError):
    """The server's own answer to a call.

    Attributes:
        name: Feathers' name of the error, for example `"NotFound"`.
        message: The server's sentence. A server's stack trace is never part of it.
        code: Feathers' code, which is also the HTTP status.
        class_name: Feathers' `className`, for example `"not-found"`.
        data: What the server added, or `None`.
        errors: The server's list or mapping of field errors, or `None`.
    """

    code: int = 500
    default_name: ClassVar[str] = "GeneralError"

    def __init__(
        self,
        message: str,
        *,
        name: str | None = None,
        code: int | None = None,
        class_name: str | None = None,
        data: Any = None,
        errors: Any = None,
        call: str | None = None,
    ) -> None:
        self.name: str = name or self.default_name
        self.message = message
        self.code = type(self).code if code is None else code
        self.class_name: str = class_name or _class_name(self.name)
        self.data = data
        self.errors = errors
        self.call = call
        super().__init__(f"{call}: {self.name}: {message}" if call else f"{self.name}: {message}")


class BadRequest(FeathersError):
    code = 400
    default_name = "BadRequest"


class NotAuthenticated(FeathersError):
    code = 401
    default_name = "NotAuthenticated"


class Forbidden(FeathersError):
    code = 403
    default_name = "Forbidden"


class NotFound(FeathersError):
    code = 404
    default_name = "NotFound"


class MethodNotAllowed(FeathersError):
    code = 405
    default_name = "MethodNotAllowed"


class NotAcceptable(FeathersError):
    code = 406
    default_name = "NotAcceptable"


class Conflict(FeathersError):
    code = 409
    default_name = "Conflict"


class LengthRequired(FeathersError):
    code = 411
    default_name = "LengthRequired"


class Unprocessable(FeathersError):
    code = 422
    default_name = "Unprocessable"


class TooManyRequests(FeathersError):
    code = 429
    default_name = "TooManyRequests"


class GeneralError(FeathersError):
    code = 500
    default_name = "GeneralError"


class NotImplementedByServer(FeathersError):
    code = 501
    default_name = "NotImplemented"


class BadGateway(FeathersError):
    code = 502
    default_name = "BadGateway"


class Unavailable(FeathersError):
    code = 503
    default_name = "Unavailable"


_BY_CODE = {cls.code: cls for cls in FeathersError.__subclasses__()}
_BY_NAME = {cls.default_name: cls for cls in FeathersError.__subclasses__()}


def from_server(answer: Any, call: str | None = None) -> FeathersError:
    """Makes the error that a server's answer stands for.

    Args:
        answer: What came in the error's place: Feathers' `{name, message, code, className, data,
            errors}`, a database's `{message, stack}`, or anything else.
        call: The call that it answers, for example `"runs.get"`.

    Returns:
        An instance of the matching subclass, `GeneralError` where none matches.
    """
    if not isinstance(answer, Mapping):
        return GeneralError(str(answer), call=call)
    name, code = answer.get("name"), answer.get("code")
    message = answer.get("message") or answer.get("error") or answer.get("err")  # upload routes say `error`
    kind = (_BY_NAME.get(name) if isinstance(name, str) else None) or (
        _BY_CODE.get(code) if isinstance(code, int) else None
    )
    known = kind is not None or (isinstance(name, str) and isinstance(code, int))
    return (kind or GeneralError)(
        str(message).splitlines()[0] if message else "no message",
        name=name if known and isinstance(name, str) else None,
        code=code if known and isinstance(code, int) else None,
        class_name=answer.get("className") if known else None,
        data=answer.get("data"),
        errors=answer.get("errors"),
        call=call,
    )


def _class_name(name: str) -> str:
    return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")

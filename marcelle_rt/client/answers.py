"""What the answers of a service's methods must look like; whoever called looks once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidAnswer

Raw = str | list[Any]
"""The arguments of an ack or event: JSON as it came, or decoded where it brought binary attachments."""


def checked(answer: Any, method: str, args: tuple[Any, ...], location: str, call: str) -> Any:
    """Returns an answer that has the shape of its method's answers.

    Args:
        answer: What came.
        method: Feathers' method.
        args: The call's arguments. It was for several documents where a list was created, or the id was null.
        location: The backend's URL.
        call: How errors name the call.

    Raises:
        InvalidAnswer: It has another shape.
    """
    if fault := _fault(answer, method, bool(args) and (args[0] is None or isinstance(args[0], list))):
        raise InvalidAnswer(location, call, fault)
    return answer


def is_document(value: Any) -> bool:
    """Whether something can be a document: a mapping whose id, if it has one, is not a mapping or list."""
    # Written out: this is asked of each answer, and a generator takes twice as long.
    return (
        isinstance(value, Mapping)
        and not isinstance(value.get("_id"), (dict, list))
        and not isinstance(value.get("id"), (dict, list))
    )


def page(answer: Any, location: str, call: str) -> Any:
    """Returns an answer to `find` that is a list or a page.

    Args:
        answer: What came; `checked`.
        location: The backend's URL.
        call: How errors name the call.

    Raises:
        InvalidAnswer: It is a mapping of another kind.
    """
    if isinstance(answer, Mapping) and not {"data", "total"} <= answer.keys():
        raise InvalidAnswer(location, call, "is not a page of documents")
    return answer


def documents(page: Any) -> list[Any]:
    """The documents of an answer to `find`, paged or not."""
    found: list[Any] = page["data"] if isinstance(page, Mapping) else page
    return found


def _fault(answer: Any, method: str, many: bool) -> str | None:
    if method == "find":
        if isinstance(answer, Mapping):
            for key in ("total", "limit", "skip"):
                if key in answer and (type(answer[key]) is not int or answer[key] < 0):
                    return f"has a {key} that is not a count"
            documents = answer.get("data", [])
        else:
            documents = answer
    else:
        documents = answer if many and isinstance(answer, list) else [answer]
    if not isinstance(documents, list):
        return f"is a {type(documents).__name__} instead of documents"
    if not all(map(is_document, documents)):
        return "holds something that is not a document"
    return None

"""Backends that know no places, only fields: a run's document goes there as a whole. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ...document.delta import Patch, Shorten, opening
from ...document.run import Run

_ANY_SIZE = sys.maxsize  # bytes


def knows_places(patch: Patch, document: Mapping[str, Any]) -> bool | None:
    """Whether a backend knows places; one that does not takes `logs.loss.7` for a field's name.

    Args:
        patch: What it was sent.
        document: What came back.

    Returns:
        `None` where the patch had no places, so that it does not tell.
    """
    dotted = [key for key in patch.data if "." in key]
    return not any(key in document for key in dotted) if dotted else None


def whole_document(run: Run, shorten: Shorten) -> Patch:
    """The whole document as one message, however large: such a backend takes nothing else, and refuses it, named.

    Args:
        run: The run, whole.
        shorten: Makes fields smaller that are too large even for a message of their own.
    """
    return opening(run, _ANY_SIZE, shorten(run.fields))

"""Fields that are too large for a message, and what a backend's copy has instead of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ...values import dumps


def shortened(fields: Mapping[str, Any], limit: int) -> tuple[dict[str, Any], list[str]]:
    """Puts a short text in place of the largest values, until all of it fits.

    Args:
        fields: A run's fields. Of a mapping, like `params`, only the entries that are too large are replaced.
        limit: The most bytes that they may have together.

    Returns:
        The fields, and the paths of those that were replaced; none as a rule.
    """
    size = len(dumps(fields))
    if size <= limit:
        return dict(fields), []
    short = {name: dict(value) if isinstance(value, dict) else value for name, value in fields.items()}
    replaced = []
    for length, name, key in sorted(_parts(fields), key=lambda part: part[0], reverse=True):
        text = f"({length:,} bytes: too large for a backend; the run's folder has it)"
        if size <= limit or length <= len(text) + 2:
            break
        if key is None:
            short[name] = text
        else:
            short[name][key] = text
        size += len(text) + 2 - length
        replaced.append(name if key is None else f"{name}.{key}")
    if size > limit:  # tens of thousands of small entries
        crowded = max((name for name, value in short.items() if isinstance(value, dict)), key=lambda n: len(short[n]))
        short[crowded] = {}
        replaced = [path for path in replaced if not path.startswith(f"{crowded}.")] + [crowded]
    return short, replaced


def sentence(paths: Collection[str], location: str) -> str:
    """What a user is told of it."""
    names = ", ".join(sorted(paths))
    return f"The run is too large for a message to {location}: a short text stands there for {names}."


def _parts(fields: Mapping[str, Any]) -> list[tuple[int, str, str | None]]:
    parts: list[tuple[int, str, str | None]] = []
    for name, value in fields.items():
        if isinstance(value, dict):
            parts += [(len(dumps(entry)), name, key) for key, entry in value.items()]
        else:
            parts.append((len(dumps(value)), name, None))
    return parts

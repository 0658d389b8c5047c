"""`marcelle-rt runs tag`: what people write about a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from ...client.data_store import DataStore
from ...monitor import facts
from ..output import cell, console, line, print_json
from .finding import find_run


def tag_run(
    store: DataStore,
    word: str,
    add: Sequence[str],
    remove: Sequence[str],
    group: str | None,
    notes: str | None,
    as_json: bool,
) -> None:
    """Changes a run's tags, group and notes, and prints them.

    Args:
        store: The backend.
        word: The run's name, `_id`, or the beginning of it.
        add: Tags to give to it.
        remove: Tags to take from it.
        group: Its group; `None` leaves it as it is.
        notes: Its notes; `None` leaves them as they are.
        as_json: One object: `_id`, `name`, `tags`, `group`, `notes`.

    Raises:
        NoSuchRun: No run is meant, or several.
        MarcelleError: What the backend or the line raised.
    """
    run = find_run(store, word)
    tags = [str(tag) for tag in run["tags"]] if isinstance(run.get("tags"), list) else []
    wanted = [tag for tag in dict.fromkeys([*tags, *add]) if tag not in remove]
    change: dict[str, Any] = {"tags": wanted} if wanted != tags else {}
    change.update({name: text for name, text in (("group", group), ("notes", notes)) if text is not None})
    if change:
        run = store.service("runs").patch(run["_id"], change)
    if as_json:
        print_json({key: run.get(key) for key in ("_id", "name", "tags", "group", "notes")})
        return
    out = console()
    line(out, cell(facts.name(run), "bold"), "  ", cell(", ".join(wanted) or "no tags"))
    for name in ("group", "notes"):
        if run.get(name):
            line(out, Text(f"{name} ", "dim"), cell(run[name]), indent=2)

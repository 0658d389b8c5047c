"""`marcelle-rt doctor`: looks at everything between a training and a dashboard, and says how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from rich.text import Text

from .. import config
from ..foreign import clean
from . import checks
from .checks import Check
from .checks_backend import BackendChecks
from .output import console, is_ascii, print_json

_MARKS = {"ok": ("✓", "ok", "green"), "note": ("!", "!", "yellow"), "wrong": ("✗", "WRONG", "bold red")}


def examine(location: str | None, as_json: bool) -> bool:
    """Prints what is found, step by step.

    Args:
        location: The backend's URL; `None` for the default.
        as_json: One object: `ok`, `backend`, and `checks` with `name`, `verdict`, `found` and `mend` each.

    Returns:
        Whether nothing is wrong.
    """
    url = config.backend_location(location)
    found = []
    out = console()
    for check in _all(url):
        found.append(check)
        if as_json:
            continue
        mark, plain, style = _MARKS[check.verdict]
        text = Text.assemble((f"{plain if is_ascii(out) else mark} ", style), f"{check.name}: ", clean(check.found))
        out.print(text, soft_wrap=not out.is_terminal)
        if check.mend:
            out.print(Text(f"  -> {clean(check.mend)}", style), soft_wrap=not out.is_terminal)
    wrong = sum(check.verdict == "wrong" for check in found)
    notes = sum(check.verdict == "note" for check in found)
    if as_json:
        print_json({"ok": not wrong, "backend": url, "checks": [check._asdict() for check in found]})
    else:
        out.print()
        out.print(_sum(wrong, notes))
    return not wrong


def _sum(wrong: int, notes: int) -> Text:
    noted = f"{notes} to note (see !)" if notes else ""
    if wrong:
        return Text(f"{wrong} wrong{', ' if noted else ''}{noted}", "bold red")
    return Text(f"Nothing is wrong; {noted}.", "yellow") if noted else Text("Nothing is wrong.", "green")


def _all(url: str) -> Iterator[Check]:
    logs = config.log_dir(config.DEFAULT_LOG_DIR)
    yield checks.versions()
    yield checks.environment()
    with ExitStack() as stack:
        backend = BackendChecks(url, stack)
        yield from backend.run()
        yield from checks.run_folders(logs, backend.store)
    yield checks.disk(logs)
    yield checks.node()

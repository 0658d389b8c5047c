"""What runs have that people may name: fields, parameters, metrics; and the error for what none of them has. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import MarcelleError
from ...foreign import clean
from ...monitor import facts

QUERY, SORT, COLUMNS = "--query", "--sort", "--columns"

_FIELDS = (
    *("name", "status", "epoch", "epochs", "start", "group", "tags", "tag"),
    *("notes", "error", "outcome", "reason", "source", "basename", "_id"),
)
"""Fields that a run may lack and that are still known."""

_ONLY_SHOWN = ("took",)
_NEEDS_QUOTES = re.compile(r"[\s:=<>!]")
_NAMED = 12  # names in an error
_SIMILAR = 3


class UnknownName(MarcelleError):
    """A name that is not a field, a parameter or a metric of any run.

    Attributes:
        name: What was typed.
        option: The option that it was typed for.
        known: What there is.
    """

    def __init__(self, name: str, option: str, known: Sequence[str]) -> None:
        self.name = name
        self.option = option
        self.known: tuple[str, ...] = tuple(known)
        begun = [one for one in known if one.startswith(name)]
        similar = list(dict.fromkeys([*begun, *difflib.get_close_matches(name, known)]))[:_SIMILAR]
        named = ", ".join(_typed(clean(one), option) for one in similar or known[:_NAMED])
        more = ", ..." if not similar and len(known) > _NAMED else ""
        super().__init__(
            f"no run has a field, a parameter or a metric {clean(name)!r}. "
            f"{'Similar' if similar else 'There are'}: {named}{more}."
        )


def _typed(name: str, option: str) -> str:
    """A name as it is typed there: in a query one with blanks or signs stands in quotes."""
    return f'"{name}"' if option == QUERY and _NEEDS_QUOTES.search(name) else name


def check(names: Iterable[str], runs: Sequence[Mapping[str, Any]], option: str) -> None:
    """Refuses a name that none of some runs has. Of no runs it can't be told.

    Args:
        names: Fields, parameters (`params.lr` or `lr`) and metrics.
        runs: Their documents.
        option: The option that they were typed for.

    Raises:
        UnknownName: For the first of them.
    """
    own = [*_FIELDS, *(_ONLY_SHOWN if option != QUERY else ())]
    unknown = [name for name in names if name not in own]
    if not unknown or not runs:
        return
    params = sorted({name for run in runs for name in facts.flat(run.get("params"))})
    metrics = facts.ordered(dict.fromkeys(name for run in runs for name in facts.logs_of(run)))
    documents = {name for run in runs for name in run}
    for name in unknown:
        parameter = name.removeprefix("params.")
        is_field = option == QUERY and name.partition(".")[0] in documents - {"params"}
        if not is_field and parameter not in params and name not in metrics:
            raise UnknownName(name, option, [*metrics, *params, *own])

"""The `marcelle-rt runs` command: what can be typed. What is done lies in `commands/runs/`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .cli_arguments import BOXES, Json, Location, refuse_options_before
from .cli_suggestions import RunCommands
from .errors import InvalidData

runs_app: typer.Typer = typer.Typer(
    cls=RunCommands,
    invoke_without_command=True,
    rich_markup_mode="rich" if BOXES else None,
    help="List, inspect, compare, tag, remove and repair the runs of a backend.",
    epilog="Example: marcelle-rt runs --query status=failed --sort val_loss",
)


def filters_of(texts: list[str] | None) -> list[str]:
    """Makes a bad filter a usage error."""
    from .commands.runs.filters import selection_of

    try:
        selection_of(texts or [])
    except InvalidData as error:
        raise typer.BadParameter(f"{error.value} {error.reason}") from error
    return texts or []


@contextmanager
def _names_checked() -> Iterator[None]:
    """Makes a name that no run has a usage error."""
    from .commands.runs.known import UnknownName

    try:
        yield
    except UnknownName as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from error


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, (text or "").split(",")) if name)


RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's name, its _id, or how its _id begins; or a run's folder.")
]
RunNames = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Runs, each by name, _id, or how the _id begins.")
]
MaybeRunNames = Annotated[
    list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs, each by name, _id, or how the _id begins.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--query",
        "-q",
        metavar="FILTER",
        callback=filters_of,
        help="status=failed, tag=baseline, lr=0.1, 'val_loss<0.3' (its best), name:digits (contains), a word, or JSON. "
        "If repeated, all of them must match.",
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="The maximum number of runs to show.")]
Sort = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Best first, by a metric, a parameter, or name, status, epoch, start, took, group."
    ),
]
Reverse = Annotated[bool, typer.Option("--reverse", help="The other way round.")]
Columns = Annotated[
    str | None, typer.Option(metavar="COLUMN,...", help="What to show of each run, for example params.lr,val_loss.")
]
Local = Annotated[
    bool, typer.Option("--local", help="List the run folders on this machine, without a backend (MARCELLE_LOG_DIR).")
]


@runs_app.callback()
def runs(
    context: typer.Context,
    query: Filters = None,
    sort: Sort = None,
    reverse: Reverse = False,
    columns: Columns = None,
    limit: Limit = 20,
    local: Local = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    if context.invoked_subcommand is not None:
        refuse_options_before(context)
    else:
        list_(query, sort, reverse, columns, limit, local, location, as_json)


@runs_app.command("list", epilog="Example: marcelle-rt runs list --sort val_loss --columns params.lr,val_loss")
def list_(
    query: Filters = None,
    sort: Sort = None,
    reverse: Reverse = False,
    columns: Columns = None,
    limit: Limit = 20,
    local: Local = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    from .commands import opening
    from .commands.runs.filters import selection_of
    from .commands.runs.listing import Layout, list_local, list_runs

    selection, layout = selection_of(query or []), Layout(sort, reverse, _names(columns), limit)
    if local:
        with _names_checked():
            list_local(selection, layout, as_json)
        return
    with _names_checked(), opening.backend(location) as store:
        list_runs(store, selection, layout, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs show digits-3")
def show(run: RunName, location: Location = None, as_json: Json = False) -> None:
    """Show one run: parameters, metrics, files, alerts."""
    from .commands import opening
    from .commands.runs.show import show_folder, show_run

    if Path(run).is_dir():
        show_folder(Path(run), as_json)
        return
    with opening.backend(location) as store:
        show_run(store, run, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs compare digits-2 digits-3, or: ... compare -q group=sweep")
def compare(
    runs: MaybeRunNames = None,
    query: Filters = None,
    sort: Sort = None,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Compare runs, one per row: the parameters that differ, and their metrics."""
    from .commands import opening
    from .commands.runs.compare import compare_runs
    from .commands.runs.filters import selection_of

    if len(set(runs or [])) < 2 and not query:
        raise typer.BadParameter("name at least two runs, or give --query", param_hint="RUN...")
    with _names_checked(), opening.backend(location) as store:
        compare_runs(store, runs or [], selection_of(query) if query else None, sort, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs rm digits-1 digits-2 --yes")
def rm(
    runs: MaybeRunNames = None,
    query: Filters = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Remove their folders on this machine, too.")] = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Remove runs and everything that belongs to them."""
    from .commands import opening
    from .commands.runs.filters import selection_of
    from .commands.runs.rm import remove_runs

    if not runs and not query:
        raise typer.BadParameter("name the runs, or give --query", param_hint="RUN...")
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("cannot ask for confirmation here; use --yes", param_hint="--yes")
    selection = selection_of(query) if query else None
    with _names_checked(), opening.backend(location) as store:
        done = remove_runs(
            store, runs or [], selection, lambda question: yes or typer.confirm(question, err=True), local, as_json
        )
    raise typer.Exit(not done)


@runs_app.command(epilog="Example: marcelle-rt runs tag digits-3 baseline --group sweep")
def tag(
    run: RunName,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[TAG]...", help="Tags to give to it.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="TAG", help="Take a tag from it.")] = None,
    group: Annotated[str | None, typer.Option(help="Put it into a group; '' takes it out.")] = None,
    notes: Annotated[str | None, typer.Option(help="Write notes about it, in place of those that it has.")] = None,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Show or change the tags of a run, its group and its notes."""
    from .commands import opening
    from .commands.runs.tag import tag_run

    with opening.backend(location) as store:
        tag_run(store, run, tags or [], remove or [], group, notes, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs repair --dry-run")
def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Mark runs whose program stopped without reporting an end as failed."""
    from .commands import opening
    from .commands.runs.repair import repair_runs

    with opening.backend(location) as store:
        repair_runs(store, dry_run, as_json)

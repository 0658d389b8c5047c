"""The `marcelle-rt runs` command: what can be typed. What is done lies in `commands/runs/`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .cli_arguments import BOXES, Json, Location, refuse_options_before
from .errors import InvalidData

runs_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="rich" if BOXES else None,
    help="List, inspect, compare, remove and repair the runs of a backend.",
    epilog="Example: marcelle-rt runs --query status=error",
)


def filters_of(texts: list[str] | None) -> list[str]:
    """Makes a bad filter a usage error."""
    from .commands.runs.finding import query_of

    try:
        query_of(texts or [])
    except InvalidData as error:
        raise typer.BadParameter(f"{error.value} {error.reason}") from error
    return texts or []


RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, its _id, or how its _id begins.")]
RunNames = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Runs, each by name, _id, or how the _id begins.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--query",
        "-q",
        metavar="FILTER",
        callback=filters_of,
        help="status=error, basename=digits, params.lr=0.1, or JSON. If repeated, all of them must match.",
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="The maximum number of runs to show.")]


@runs_app.callback()
def runs(
    context: typer.Context,
    query: Filters = None,
    limit: Limit = 20,
    location: Location = None,
    as_json: Json = False,
) -> None:
    if context.invoked_subcommand is not None:
        refuse_options_before(context)
    else:
        list_(query, limit, location, as_json)


@runs_app.command("list", epilog="""Example: marcelle-rt runs list --limit 50 --query '{"epoch": {"$gt": 10}}'""")
def list_(query: Filters = None, limit: Limit = 20, location: Location = None, as_json: Json = False) -> None:
    """List runs, the newest first."""
    from .commands import opening
    from .commands.runs.finding import query_of
    from .commands.runs.listing import list_runs

    with opening.backend(location) as store:
        list_runs(store, query_of(query or []), limit, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs show digits-3")
def show(run: RunName, location: Location = None, as_json: Json = False) -> None:
    """Show one run: parameters, metrics, files, alerts."""
    from .commands import opening
    from .commands.runs.show import show_run

    with opening.backend(location) as store:
        show_run(store, run, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs compare digits-2 digits-3")
def compare(runs: RunNames, location: Location = None, as_json: Json = False) -> None:
    """Compare runs: the parameters that differ, and their metrics."""
    from .commands import opening
    from .commands.runs.compare import compare_runs

    if len(set(runs)) < 2:
        raise typer.BadParameter("name at least two runs", param_hint="RUN...")
    with opening.backend(location) as store:
        compare_runs(store, runs, as_json)


@runs_app.command(epilog="Example: marcelle-rt runs rm digits-1 digits-2 --yes")
def rm(
    runs: RunNames,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Remove runs and everything that belongs to them."""
    from .commands import opening
    from .commands.runs.rm import remove_runs

    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("cannot ask for confirmation here; use --yes", param_hint="--yes")
    with opening.backend(location) as store:
        done = remove_runs(store, runs, lambda question: yes or typer.confirm(question, err=True), as_json)
    raise typer.Exit(not done)


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

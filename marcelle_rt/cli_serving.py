"""`marcelle-rt serve` and `marcelle-rt jobs`: what can be typed. What is done lies in `commands/serving/`."""

from __future__ import annotations

from typing import Annotated

import typer

from .cli_arguments import Json, Location, refuse_options_before

jobs_app: typer.Typer = typer.Typer(
    invoke_without_command=True,
    help="List, inspect, create, cancel and repeat the jobs that Python does for dashboards.",
    epilog="Example: marcelle-rt jobs --task shapes",
)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's _id, or how it begins.")]
JobIds = Annotated[list[str], typer.Argument(metavar="JOB...", help="Jobs, each by _id, or how it begins.")]
TaskName = Annotated[str | None, typer.Option("--task", metavar="TASK", help="Only jobs for this task.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="The maximum number of jobs to show.")]


def serve(
    server: Annotated[
        str, typer.Argument(metavar="MODULE:SERVER", help="Where the TrainingServer is: train:server for train.py.")
    ],
    location: Location = None,
    reload: Annotated[bool, typer.Option("--reload", help="Start again whenever a Python file here changes.")] = False,
) -> None:
    """Run the tasks of a TrainingServer for dashboards, until Ctrl-C."""
    from .commands.serving.serve import run_server

    run_server(server, location, reload)


@jobs_app.callback()
def jobs(
    context: typer.Context,
    task: TaskName = None,
    limit: Limit = 20,
    location: Location = None,
    as_json: Json = False,
) -> None:
    if context.invoked_subcommand is None:
        list_(task, limit, location, as_json)
    else:
        refuse_options_before(context)


@jobs_app.command("list", epilog="Example: marcelle-rt jobs list --limit 50 --json")
def list_(task: TaskName = None, limit: Limit = 20, location: Location = None, as_json: Json = False) -> None:
    """List jobs, the newest first."""
    from .commands import opening
    from .commands.serving.looking import list_jobs

    with opening.backend(location) as store:
        list_jobs(store, task, limit, as_json)


@jobs_app.command(epilog="Example: marcelle-rt jobs show 3f2b")
def show(job: JobId, location: Location = None, as_json: Json = False) -> None:
    """Show one job: its parameters, how far it is, and why it failed."""
    from .commands import opening
    from .commands.serving.looking import show_job

    with opening.backend(location) as store:
        show_job(store, job, as_json)


@jobs_app.command(epilog="Example: marcelle-rt jobs submit shapes epochs=20 kind=cnn --dataset sketches")
def submit(
    task: Annotated[str, typer.Argument(metavar="TASK", help="The name of a task that a server has.")],
    params: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Parameters; the others have their defaults.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="The dataset that the job works on.")] = None,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Create a job, as a dashboard does, and print its _id."""
    from .commands import opening
    from .commands.serving.changing import submit_job

    with opening.backend(location) as store:
        submit_job(store, task, params or [], dataset, as_json)


@jobs_app.command(epilog="Example: marcelle-rt jobs cancel 3f2b")
def cancel(jobs: JobIds, location: Location = None, as_json: Json = False) -> None:
    """End jobs that wait or run. The exit code is 0 if all of them ended so."""
    from .commands import opening
    from .commands.serving.changing import cancel_jobs

    with opening.backend(location) as store:
        done = cancel_jobs(store, jobs, as_json)
    raise typer.Exit(not done)


@jobs_app.command(epilog="Example: marcelle-rt jobs retry 3f2b")
def retry(jobs: JobIds, location: Location = None, as_json: Json = False) -> None:
    """Create jobs anew, with the same parameters, and print their _ids."""
    from .commands import opening
    from .commands.serving.changing import retry_jobs

    with opening.backend(location) as store:
        retry_jobs(store, jobs, as_json)

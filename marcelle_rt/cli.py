"""The `marcelle-rt` command."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from .errors import MarcelleError

app = typer.Typer(
    help="Train in Python, watch and act in Marcelle dashboards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Runs the command. An error of ours is one sentence on stderr and status 1; Ctrl-C is status 130."""
    # SIGTERM ends as Ctrl-C does: what was started is stopped, and temporary folders are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except MarcelleError as error:
        print(f"marcelle-rt: {error}", file=sys.stderr)
        sys.exit(1)


@app.command()
def demo(
    epochs: Annotated[int, typer.Option(min=1, help="How long each training is.")] = 60,
    leave: Annotated[bool, typer.Option("--exit", help="End after one training.")] = False,
) -> None:
    """Train a small Keras model on images, live in a dashboard."""
    from .demo.run import run_demo

    run_demo(epochs, stay=not leave)


@app.command()
def upload(
    directories: Annotated[list[Path], typer.Argument(help="Run folders, each from a Writer or a callback.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what the backend has of them.")] = False,
    backend: Annotated[str | None, typer.Option(help="The backend's URL; $MARCELLE_BACKEND if not given.")] = None,
    save_format: Annotated[str, typer.Option("--format", help="tfjs or onnx.")] = "tfjs",
) -> None:
    """Upload runs that were kept on disk, with their checkpoints and assets."""
    from .runs.upload_many import upload_many

    if not upload_many(directories, backend, save_format, overwrite):
        raise typer.Exit(1)


@app.command()
def backend(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 3030,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="Where data is kept; else it is gone at the end.")] = None,
    auth: Annotated[bool, typer.Option("--auth", help="Users must sign in.")] = False,
) -> None:
    """Run a Marcelle backend on this machine until Ctrl-C."""
    from .backend import Backend

    with Backend(port, host, data, auth) as running:
        typer.echo(f"The Marcelle backend is at {typer.style(running.url, bold=True)} (Ctrl-C stops it)")
        if data is None:
            typer.echo("Its data is temporary; --data FOLDER keeps it.")
        else:
            typer.echo(f"Its data is in {running.data}")
        if auth:
            typer.echo(
                "Users must sign in, and can sign up. In a dashboard, store.loginWithUI() does both; in Python:\n"
                f'  DataStore("{running.url}").service("users").create({{"email": ..., "password": ...}})\n'
                f'  DataStore("{running.url}", email=..., password=...)'
            )
        running.wait()

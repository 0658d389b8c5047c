"""The `marcelle-rt dataset` command: what can be typed. What is done lies in `commands/dataset/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_arguments import Json, Location, refuse_options_before

dataset_app: typer.Typer = typer.Typer(
    invoke_without_command=True,
    help="List the datasets of a backend, look into them, and carry them from and to files.",
    epilog="Example: marcelle-rt dataset --backend http://localhost:3030",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name that a page gives to the dataset.")]


@dataset_app.callback()
def dataset(context: typer.Context, location: Location = None, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(location, as_json)
    else:
        refuse_options_before(context)


@dataset_app.command("list", epilog="Example: marcelle-rt dataset list --json")
def list_(location: Location = None, as_json: Json = False) -> None:
    """List the datasets of a backend."""
    from .commands import opening
    from .commands.dataset.looking import list_datasets

    with opening.backend(location) as store:
        list_datasets(store, as_json)


@dataset_app.command(epilog="Example: marcelle-rt dataset show sketches")
def show(name: Name, location: Location = None, as_json: Json = False) -> None:
    """Show one dataset: its labels, its fields, and what its instances are."""
    from .commands import opening
    from .commands.dataset.looking import show_dataset

    with opening.backend(location) as store:
        show_dataset(store, name, as_json)


@dataset_app.command(epilog="Example: marcelle-rt dataset export sketches sketches.json")
def export(
    name: Name,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A .json, .csv or .parquet file, or a folder for images, by label.")
    ],
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Write a dataset to a file, or to a folder of images."""
    from .commands import opening
    from .commands.dataset.carrying import export_dataset

    with opening.backend(location) as store:
        export_dataset(store, name, path, as_json)


@dataset_app.command(epilog="Example: marcelle-rt dataset load animals photos/ --skip")
def load(
    name: Name,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file as `export` or a page writes it, or a folder.")],
    skip: Annotated[bool, typer.Option("--skip", help="Leave out what no page could read, and say how many.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="As fast as the backend takes it; pages that are open may freeze meanwhile.")
    ] = False,
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Add the instances of a file, or the images of a folder, to a dataset."""
    from .commands import opening
    from .commands.dataset.carrying import load_dataset

    with opening.backend(location) as store:
        load_dataset(store, name, path, skip=skip, fast=fast, as_json=as_json)

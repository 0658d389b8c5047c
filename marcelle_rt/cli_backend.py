"""The `marcelle-rt backend` command: what can be typed to run a backend, and to say who may use it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from .cli_arguments import BOXES, Json, refuse_options_before
from .cli_suggestions import BackendCommands

backend_app: typer.Typer = typer.Typer(
    cls=BackendCommands,
    invoke_without_command=True,
    rich_markup_mode="rich" if BOXES else None,
    help="Run a Marcelle backend on this machine until Ctrl-C.",
    epilog="Example: marcelle-rt backend --data marcelle-data",
)
user_app: typer.Typer = typer.Typer(no_args_is_help=True, rich_markup_mode="rich" if BOXES else None)
backend_app.add_typer(
    user_app,
    name="user",
    help="Who has an account on a backend with --auth, running or not.",
    epilog="Example: marcelle-rt backend user add ada@example.org --data marcelle-data",
)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the user signs in with.")]
UsersData = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The data of the backend.")]


@backend_app.callback()
def backend(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = 3030,
    host: Annotated[
        str, typer.Option(help="0.0.0.0 lets other machines in, which requires --auth or --open.")
    ] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option(help="Where to keep the data; by default it is deleted at the end.")
    ] = None,
    auth: Annotated[
        bool, typer.Option("--auth", help="Require users to sign in; `marcelle-rt backend user add` creates accounts.")
    ] = False,
    signup: Annotated[bool, typer.Option("--signup", help="Let anyone who can reach it create an account.")] = False,
    meant_open: Annotated[
        bool, typer.Option("--open", help="Really let other machines in without signing in.")
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            envvar="MARCELLE_ALLOW_ORIGIN",
            help="Other web pages that may use it, such as https://lab.example.org; repeatable.",
        ),
    ] = None,
) -> None:
    if context.invoked_subcommand is not None:
        refuse_options_before(context)
        return
    from .backend import Backend, reach
    from .dashboard.pages import own_page

    made = Backend(
        port, host, data, auth, signup=signup, open=meant_open, allow_origin=allow_origin or None, page=own_page()
    )
    with made as running:
        typer.echo(f"The Marcelle backend is at {typer.style(running.url, bold=True)} (Ctrl-C stops it)")
        typer.echo("Opened in a browser, that is the dashboard.")
        typer.echo(running.reach)
        for address in reach.elsewhere(host):
            typer.echo(f"On other machines it is at http://{address}:{running.port}")
        if data is None:
            typer.echo("Its data is temporary; --data FOLDER keeps it.")
        else:
            typer.echo(f"Its data is in {running.data}")
        if signup:
            typer.echo(
                "In a dashboard, store.loginWithUI() creates an account and signs in; in Python:\n"
                f'  DataStore("{running.url}").service("users").create({{"email": ..., "password": ...}})\n'
                f'  DataStore("{running.url}", email=..., password=...)'
            )
        elif auth:
            typer.echo(f"marcelle-rt backend user add EMAIL --data {shlex.quote(str(running.data))} creates accounts.")
        running.wait()


@user_app.command("add", epilog="Example: marcelle-rt backend user add ada@example.org --data marcelle-data")
def add_user(email: Email, data: UsersData) -> None:
    """Create an account. The password is asked for, read from stdin, or taken from MARCELLE_PASSWORD."""
    from .commands.backend import users

    users.add(data, email)


@user_app.command("list", epilog="Example: marcelle-rt backend user list --data marcelle-data")
def list_users(data: UsersData, as_json: Json = False) -> None:
    """List the accounts."""
    from .commands.backend import users

    users.print_all(data, as_json)


@user_app.command("password", epilog="Example: marcelle-rt backend user password ada@example.org --data marcelle-data")
def password_of(email: Email, data: UsersData) -> None:
    """Change a password. The new one is asked for, read from stdin, or taken from MARCELLE_PASSWORD."""
    from .commands.backend import users

    users.set_password(data, email)


@user_app.command("remove", epilog="Example: marcelle-rt backend user remove ada@example.org --data marcelle-data")
def remove_user(email: Email, data: UsersData) -> None:
    """Remove an account. Runs and files of theirs stay."""
    from .commands.backend import users

    users.remove(data, email)

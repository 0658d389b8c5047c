"""The `marcelle-rt` command: what can be typed. What it does is in `commands/`, and is imported when needed."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .cli_arguments import BOXES, Json, Location
from .cli_backend import backend_app
from .cli_dataset import dataset_app
from .cli_runs import RunName, filters_of, runs_app
from .cli_serving import jobs_app, serve
from .cli_suggestions import Commands
from .commands.choices import Demo, Format, Shell
from .commands.completion import VARIABLE, prepare, print_script, this_shell
from .errors import MarcelleError
from .foreign import clean_lines
from .notices import MarcelleWarning

_NOBODY_READS = 128 + 13  # what shells say of a command that SIGPIPE has ended

app: typer.Typer = typer.Typer(
    cls=Commands,
    rich_markup_mode="rich" if BOXES else None,
    help="Train in Python, watch and act in Marcelle dashboards.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 success, 1 something failed (an error, a failed run), 2 wrong usage, 130 Ctrl-C. "
    "Documentation: marcelle-rt docs",
)
app.add_typer(runs_app, name="runs")
app.add_typer(backend_app, name="backend")
app.add_typer(dataset_app, name="dataset")
app.command(epilog="Example: marcelle-rt serve train:server --reload")(serve)
app.add_typer(jobs_app, name="jobs")


def main() -> None:
    """Runs the command.

    An error of ours is one sentence on stderr and status 1; Ctrl-C is status 130. Where nobody reads on (`| head`)
    it ends silently with status 141, as other commands do.
    """
    # SIGTERM ends as Ctrl-C does: what was started is stopped, and temporary folders are removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that a terminal can't show must not end the command
            stream.reconfigure(errors="replace")
    if VARIABLE in os.environ:
        prepare()
    warnings.showwarning = _show_warning
    try:
        try:
            app(prog_name="marcelle-rt")
        finally:
            print(end="", flush=True)
    except MarcelleError as error:
        print(f"marcelle-rt: {clean_lines(error)}", file=sys.stderr)
        sys.exit(1)
    except (BrokenPipeError, SystemExit) as end:
        # Rich and Typer make a plain status 1 of it, which in `watch` means a run that failed.
        if not any(isinstance(error, BrokenPipeError) for error in (end, end.__context__)):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what Python flushes at its exit
        sys.exit(_NOBODY_READS)


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
    """Shows a warning of ours as a sentence, without the line of code that no user of a command has written."""
    if issubclass(category, MarcelleWarning):
        print(f"marcelle-rt: {clean_lines(message)}", file=sys.stderr)
    else:
        _python_shows(message, category, *place, **options)


_python_shows = warnings.showwarning


def _show_version(asked: bool) -> None:
    if asked:
        print(f"marcelle-rt {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version, and exit.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: marcelle-rt demo interactive")
def demo(
    which: Annotated[Demo, typer.Argument(help="Watch a training, or draw what Python is to learn.")] = Demo.training,
    epochs: Annotated[int, typer.Option(min=1, help="Number of epochs of each training.")] = 60,
    leave: Annotated[bool, typer.Option("--exit", help="End after one training.")] = False,
    host: Annotated[
        str, typer.Option(help="0.0.0.0 lets a phone in, which requires --open; for the interactive demo.")
    ] = "127.0.0.1",
    meant_open: Annotated[bool, typer.Option("--open", help="Really let other machines in.")] = False,
) -> None:
    """Train a small Keras model live in a dashboard: on images of digits, or on what you draw there."""
    if which is Demo.interactive:
        from .demo.interactive.run import run_interactive_demo

        run_interactive_demo(host, meant_open)
    elif meant_open or host != "127.0.0.1":
        raise typer.BadParameter("the demo `interactive` alone can be opened to other machines", param_hint="--host")
    else:
        from .demo.run import run_demo

        run_demo(epochs, stay=not leave)


@app.command(epilog="Example: marcelle-rt dashboard --backend http://localhost:3030")
def dashboard(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", help="Show run folders from disk, live, without a backend."),
    ] = None,
    location: Location = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 for any free port.")] = 0,
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines see the page.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    project: Annotated[
        Path | None,
        typer.Option("--eject", metavar="DIR", help="Write the page as a Vite project of your own, and show nothing."),
    ] = None,
) -> None:
    """Show all runs in the browser, live."""
    from .dashboard.eject import eject
    from .dashboard.run import run_dashboard, run_dashboard_of_folders

    if project and folders:
        raise typer.BadParameter("a page of your own shows a backend, so it takes no FOLDER", param_hint="--eject")
    if project:
        typer.echo(f"The dashboard is in {eject(project, location)}, and is yours to change. There:")
        typer.echo("  npm ci\n  npm run dev")
    elif folders:
        run_dashboard_of_folders(folders, port, host, browser)
    else:
        run_dashboard(location, port, host, browser)


@app.command("js", epilog="Example: marcelle-rt js src")
def write_js(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the dashboard's sources are.")],
    with_marcelle: Annotated[
        bool, typer.Option("--with-marcelle", help="Write Marcelle itself too, for a page without a build step.")
    ] = False,
) -> None:
    """Write marcelle-python.js, with which a Marcelle dashboard trains and steers Python models."""
    from .browser.files import write_browser_files

    first, *others = write_browser_files(folder, with_marcelle)
    typer.echo(f"{first} is written, and {len(others)} files that belong to it. In a page:")
    typer.echo(f"  import {{ pythonModel }} from './{first.name}';")


@app.command(epilog="Example: marcelle-rt upload marcelle-logs/*")
def upload(
    directories: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Run folders, each from a Writer or a callback.")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace them on the backend.")] = False,
    save_format: Annotated[str, typer.Option("--format", help="tfjs or onnx.")] = "tfjs",
    location: Location = None,
    as_json: Json = False,
) -> None:
    """Upload runs that were kept on disk, with their checkpoints and assets."""
    from .commands import opening
    from .commands.upload import upload_many

    with opening.backend(location) as store:
        done = upload_many(store, directories, save_format, overwrite, as_json)
    raise typer.Exit(not done)


@app.command(epilog="Example: marcelle-rt watch digits-3 && echo done")
def watch(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUERY]...",
            help="A run's name or _id, filters such as basename=digits, or JSON; by default the runs that are running, "
            "or the next one.",
        ),
    ] = None,
    location: Location = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line for each change.")] = False,
) -> None:
    """Watch runs until they end. The exit code is 0 if the last one to end was a success, and 1 if not."""
    from .commands import opening
    from .commands.watch import watch as follow

    if query and (len(query) > 1 or query[0].lstrip().startswith("{")):
        filters_of(query)
    with opening.backend(location) as store:
        code = follow(store, query or [], as_json)
    raise typer.Exit(code)


@app.command(epilog="Example: marcelle-rt stop digits-3")
def stop(run: RunName, location: Location = None, as_json: Json = False) -> None:
    """Ask a run that is training to stop, as a success. It must be steerable."""
    from .commands import opening
    from .commands.runs.stop import stop_run

    with opening.backend(location) as store:
        stopped = stop_run(store, run, as_json)
    raise typer.Exit(not stopped)


def _format_of(file: Path | None, kind: Format | None) -> Format:
    """The format that was asked for: by an option, or by how the file's name ends."""
    ending = file.suffix[1:].lower() if file is not None else ""
    named = Format(ending) if ending in Format.__members__ else None
    if kind is not None and named is not None and kind is not named:
        raise typer.BadParameter(f"{file} would hold {kind.value}; name it .{kind.value}", param_hint="--output")
    return kind or named or Format.csv


@app.command(epilog="Example: marcelle-rt export digits-3 -o digits-3.csv")
def export(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs, by name, _id or how it begins, or run folders.")
    ],
    kind: Annotated[
        Format | None, typer.Option("--format", help="What to write (default: as FILE ends, or csv).")
    ] = None,
    target: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The file; - for stdout.")] = "-",
    location: Location = None,
    as_json: Annotated[bool, typer.Option("--json", help="Same as --format json.")] = False,
) -> None:
    """Write the history of runs, one row per epoch."""
    from .commands.export import export as write

    file = None if target == "-" else Path(target)
    write(runs, location, _format_of(file, Format.json if as_json else kind), file)


@app.command(epilog="Example: marcelle-rt doctor --backend http://localhost:3030")
def doctor(location: Location = None, as_json: Json = False) -> None:
    """Check everything between a training and a dashboard, and say what is wrong and how to fix it."""
    from .commands.doctor import examine

    raise typer.Exit(not examine(location, as_json))


@app.command(epilog="Example: marcelle-rt docs keras")
def docs(
    page: Annotated[str, typer.Argument(metavar="[PAGE]", help="A page, such as keras or dashboard.")] = "index",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in a browser.")] = True,
) -> None:
    """Open the documentation, which is installed with the package."""
    from .commands.docs import open_docs

    open_docs(page, browser)


@app.command(epilog='Example: eval "$(marcelle-rt completion bash)"')
def completion(
    context: typer.Context,
    shell: Annotated[Shell | None, typer.Argument(help="The shell (default: your own).")] = None,
) -> None:
    """Print the script that lets your shell complete this command, and how to install it."""
    shell = shell or this_shell()
    if shell is None:
        raise typer.BadParameter("this shell is not supported; name bash, zsh or fish", param_hint="SHELL")
    print_script(context.find_root().command, shell)

"""What users are told of a run that its backend does not have yet: where it is kept, and what sends the rest."""

from __future__ import annotations

import shlex
from pathlib import Path

from ...config import backend_location
from ...notices import sentence
from ..folder.journal import CUT, DELETED, MOVED, Journal
from ..remote.link import Link

_TOO_LARGE = 413  # an HTTP status


def unwritten(directory: Path | None, failure: OSError) -> str:
    """What a user is told whose disk does not take a run, or does not keep it."""
    if failure.strerror in (CUT, DELETED):
        return f"The run's folder {directory} has lost some of it ({failure.strerror}). The training goes on."
    if failure.strerror == MOVED:
        return (
            f"The run's folder {directory} was moved or renamed. Its journal goes on where it is now, and has all "
            "epochs; checkpoints, assets and run_data.json are not kept. The training goes on."
        )
    return (
        f"The run can't be written to {directory} ({failure.strerror}). The training goes on, and what could not be "
        "written is tried again at the next epoch."
    )


def kept(journal: Journal) -> str:
    """Where a run is kept, as half a sentence."""
    if journal.directory is None:
        return "it is kept in memory alone"
    if journal.failure is not None and journal.failure.strerror == MOVED:
        return f"its journal is kept where {journal.directory} was moved to"
    if journal.failure is not None:
        return f"what its disk took is kept in {journal.directory}, and the rest in memory alone"
    return f"all of it is kept in {journal.directory}"


def sign_in(link: Link) -> str:
    """What to do where a backend takes nothing from those who are not signed in."""
    where = "" if link.location == backend_location(None) else f" and MARCELLE_BACKEND={link.location}"
    return (
        f"To sign in, set MARCELLE_EMAIL and MARCELLE_PASSWORD (or MARCELLE_TOKEN){where}, or give "
        "remote=Remote(DataStore(URL, email=..., password=...))."
    )


def command(journal: Journal, link: Link) -> str:
    """The command that sends what is missing."""
    form = "" if link.save_format == "tfjs" else f" --format {link.save_format}"
    return f"marcelle-rt upload {journal.directory} --backend {link.location}{form}"


def introduction(basename: str, verb: str, directory: Path | None, link: Link | None) -> str:
    """What a user is told at a run's start: which run it is, where it goes, and how to look at it.

    Args:
        basename: The run's name, without a backend's number.
        verb: What begins: it `"is recorded"`, or `"goes on"`.
        directory: Its folder, if it has one.
        link: The backend, or `None`.
    """
    where = f"in {directory}" if directory is not None else "in memory alone"
    text = f"marcelle-rt: the run {basename!r} {verb} {where}"
    if link is None:
        look = f"; see it with: marcelle-rt dashboard {shlex.quote(str(directory))}" if directory is not None else ""
        return f"{text}; nothing is sent to a backend{look}"
    backend = "" if link.location == backend_location(None) else f" --backend {link.location}"
    words = shlex.quote(f"basename={basename}")
    return (
        f"{text} and goes to {link.location}; see it with: marcelle-rt dashboard{backend} "
        f"(in this terminal: marcelle-rt watch {words}{backend})"
    )


def replaced(location: str) -> str:
    """What a user is told whose run took the place of other values."""
    return (
        f"The copy at {location} was written from another folder, and had values that this run does not have: they "
        "were overwritten. Was the run's folder copied, and gone on with in both places?"
    )


def not_uploaded(path: str, size: int, error: object) -> str:
    """What a user is told of a file that a backend does not take.

    Args:
        path: The file, as the journal names it.
        size: Its bytes.
        error: Why.
    """
    text = f"{path} ({size:,} bytes) was not uploaded: {sentence(error)}"
    if getattr(error, "code", None) == _TOO_LARGE:
        text += " A proxy before it takes no request of that size; raise its limit (nginx: client_max_body_size)."
    return text


def unsent_hint(journal: Journal, link: Link | None, problem: str | None, *, goes_on: bool = False) -> str:
    """Where the rest of a run is that its copies lack when it ends, and the command that sends it.

    Args:
        journal: The run's folder.
        link: The backend, or `None`.
        problem: What kept the backend from having it at the last try.
        goes_on: Whether it is still being sent while the program runs.
    """
    reason = f" ({problem})" if problem else ""
    if link is None or journal.directory is None:
        return f"Not all of the run could be written{reason}; {kept(journal)}."
    verb = "It is still being sent while this program runs; afterwards, send" if goes_on else "Send"
    return (
        f"The backend does not have all of the run yet{reason}; {kept(journal)}. {verb} the rest with: "
        f"{command(journal, link)}"
    )

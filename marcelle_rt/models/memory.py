"""Where memory runs out in a conversion: which process ends, and what is said of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from .disk import format_of

_KILLED = -9
_SHORT = (
    *("MemoryError", "bad_alloc", "annot allocate memory", "RESOURCE_EXHAUSTED", "ResourceExhausted"),
    "failed to map segment",  # the system's, of a library that it can't load
)
"""What libraries say where they are given no memory."""
_TIMES = {"h5": 2, "keras": 3, "saved_model": 11}
"""How much memory a conversion takes over the model's; `benchmarks/conversions/memory.py` measures it."""


def offer_to_end() -> None:
    """Has the system end this process, and not the training, where memory runs out (`man 5 proc_pid_oom_score_adj`)."""
    with contextlib.suppress(OSError):  # not Linux, or no such right: then it ends what has the most
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def why(code: int, said: str, path: Path) -> str:
    """Why a process that converts ended without an answer.

    Args:
        code: What it ended with.
        said: What it wrote to stderr.
        path: The saved model.
    """
    if code == _KILLED:
        return f"the system ended the process that converted it, as it does where memory runs out. {need(path)}"
    if any(words in said for words in _SHORT):
        return f"memory ran out. {need(path)}"
    last = (said.strip().splitlines() or ["it gave no reason"])[-1]
    reason = f"the process that converts it ended with code {code}. {last}"
    limit = _limit()
    # Libraries that are given no memory crash, or raise anything.
    return reason if limit is None else f"{reason}. Its memory is limited to {limit / 1e9:.1f} GB. {need(path)}"


def need(path: Path) -> str:
    """How much memory a conversion takes, and what to do where there is less.

    Args:
        path: The saved model.
    """
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return (
        f"Converting takes about {_TIMES[format_of(path)]} times the {size / 1e9:.2g} GB of the file, and 1 GB for the "
        "libraries; do it when less else is running, or where there is more memory"
    )


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that there was not enough memory.

    Args:
        error: Of any library.
    """
    while error is not None:
        if isinstance(error, MemoryError) or any(words in f"{type(error).__name__}: {error}" for words in _SHORT):
            return True
        error = error.__cause__
    return False


def _limit() -> int | None:
    """How much memory a process may have here (`ulimit -v`), in bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit

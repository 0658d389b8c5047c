"""The process of a job: imports the server's module, waits for one order, and carries it out.

Orders come by standard input as a line of JSON, answers go by a pipe of its own, so that whatever the task prints or
reads touches neither. A second line says that the server ends; when its end of the input closes without, the server was
killed: this process says so in its place. Either way it hands its job back, and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, Any

from ...notices import THREADS
from ...processes import garbage
from ..definition import Reference
from ..executors.seam import Order
from ..presence import Presence
from .attempt import carry_out
from .surroundings import Interrupted, OwnProcess

FAILED_TO_START = 3
"""The exit code of a process that could not import the server's module."""


def main() -> None:
    """Runs the process.

    Its arguments are the reference's three, the server's id, the pipe for answers, and seconds to wait before imports.
    """
    module, attribute, folder, server, answers_to, wait = sys.argv[1:]
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.set_inheritable(int(answers_to), False)
    answers = os.fdopen(int(answers_to), "w", buffering=1)
    process = OwnProcess()
    # A spare leaves the processor to the training that has just begun, unless it is needed.
    is_told = select.select([orders], [], [], float(wait))[0]
    line = orders.readline() if is_told else None
    if _is_end(line):
        return
    try:
        with garbage.kept():
            definition = Reference(module, attribute, folder).load()
        with contextlib.suppress(Exception):  # only to be quicker later: what can't be reached is said then
            definition.store.connect()
    except Interrupted:
        raise
    except BaseException:  # whatever the user's module does when it is imported
        _answer(answers, failed=traceback.format_exc())
        sys.exit(FAILED_TO_START)
    if line is None:
        line = orders.readline()
    if not line:
        Presence(definition, server).remove()
        return
    if _is_end(line):
        return
    fields = json.loads(line)
    order = Order(**{**fields, "reference": Reference(*fields["reference"])})
    gone = Presence(definition, server).remove
    arguments = [orders, process, gone]
    threading.Thread(target=_end_with_the_server, args=arguments, name=f"{THREADS}server", daemon=True).start()
    try:
        carry_out(order, definition, process)
        _answer(answers, done=True)
    finally:
        process.leave()


def _is_end(line: bytes | None) -> bool:
    return "end" in json.loads(line) if line else False


def _answer(answers: IO[str], **fields: Any) -> None:
    with contextlib.suppress(OSError):  # the server is gone
        answers.write(json.dumps(fields) + "\n")


def _end_with_the_server(orders: IO[bytes], process: OwnProcess, gone: Callable[[], None]) -> None:
    if orders.readline():
        process.end(Interrupted("the server was ended", "ended"))
    else:
        process.end(Interrupted("the server was killed", "killed"))
        gone()

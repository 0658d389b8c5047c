"""A Python program that is told block by block what to do, as a reader types a page's blocks one after the other."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import IO

from tests.support.programs.forked import Program

_PROGRAM = """
import json, sys, traceback
tell, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    name, text = json.loads(line)
    try:
        exec(compile(text, name, "exec"), globals())
    except BaseException:
        failure = traceback.format_exc()
    else:
        failure = None
    print(json.dumps(failure), file=tell, flush=True)
"""


class Session:
    """The program: `run` gives it a block.

    Args:
        blocks: Where it reads what to do.
        answers: Where it says how that went.
    """

    def __init__(self, blocks: IO[str], answers: IO[str]) -> None:
        self._blocks = blocks
        self._answers = answers

    def run(self, name: str, text: str) -> None:
        """Runs a block after those before it.

        Raises:
            AssertionError: The block raised; the message has the traceback.
        """
        self._blocks.write(json.dumps([name, text]) + "\n")
        self._blocks.flush()
        answer = self._answers.readline()
        assert answer, f"{name}: the program ended"
        failure = json.loads(answer)
        assert failure is None, failure


@contextmanager
def session(folder: Path, env: dict[str, str], library: str | None = None) -> Iterator[Session]:
    """Starts the program in a folder; afterwards it must end with status 0 and without a warning of ours.

    Args:
        folder: The working directory.
        env: The environment.
        library: What the program is to find imported; see `tests/support/programs`. By default Python starts it.
    """
    said = folder.parent / f"{folder.name}.log"
    words = ["-c", _PROGRAM]
    with ExitStack() as stack:
        log = stack.enter_context(said.open("w"))
        (reads, blocks), (answers, tells) = (_pipe(stack) for _ in range(2))
        process = (
            Program(words, library, folder, env, [reads, tells, log])
            if library
            else Popen([sys.executable, *words], cwd=folder, env=env, stdin=reads, stdout=tells, stderr=log)
        )
        stack.callback(process.kill)
        reads.close()
        tells.close()
        yield Session(blocks, answers)
        blocks.close()
        status = process.wait(60)
    assert status == 0, said.read_text()
    assert "MarcelleWarning" not in said.read_text()


def _pipe(stack: ExitStack) -> tuple[IO[str], IO[str]]:
    """The two ends of a pipe, the one to read from first."""
    reads, writes = os.pipe()
    return stack.enter_context(os.fdopen(reads)), stack.enter_context(os.fdopen(writes, "w"))

"""A Python program that is told block by block what to do, as a reader types a page's blocks one after the other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """The program: `run` gives it a block."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, name: str, text: str) -> None:
        """Runs a block after those before it.

        Raises:
            AssertionError: The block raised; the message has the traceback.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, text]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"{name}: the program ended"
        failure = json.loads(answer)
        assert failure is None, failure


@contextmanager
def session(folder: Path, env: dict[str, str]) -> Iterator[Session]:
    """Starts the program in a folder; afterwards it must end with status 0 and without a warning of ours."""
    said = folder.parent / f"{folder.name}.log"
    with said.open("w") as log:
        options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True}
        with subprocess.Popen([sys.executable, "-c", _PROGRAM], cwd=folder, env=env, **options) as process:
            try:
                yield Session(process)
                assert process.stdin is not None
                process.stdin.close()
                status = process.wait(60)
            finally:
                process.kill()
    assert status == 0, said.read_text()
    assert "MarcelleWarning" not in said.read_text()

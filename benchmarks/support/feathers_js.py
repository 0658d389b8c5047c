"""A Feathers client in Node.js, to measure beside ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess

SOURCE = Path(__file__).parent / "js_client"


class JsClient:
    """`js_client/client.js` in a process of its own, connected to a backend.

    Args:
        location: The backend's URL.
        log: A file that gets what it prints on stderr.
    """

    def __init__(self, location: str, log: Path) -> None:
        node = find_node()
        command = [node.executable, str(SOURCE / "client.js"), str(install(SOURCE, node)), location]
        self._node = NodeProcess(command, log=log, env=os.environ)

    def do(self, command: str, **arguments: Any) -> Any:
        """Has one of the script's commands done, and returns its answer."""
        pipes = self._node.process
        assert pipes.stdin is not None
        assert pipes.stdout is not None
        pipes.stdin.write(json.dumps({"do": command, **arguments}).encode() + b"\n")
        pipes.stdin.flush()
        line = pipes.stdout.readline()
        if not line:
            raise self._node.failure(f"ended at {command!r}")
        return json.loads(line)

    def __enter__(self) -> JsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._node.stop()

"""Starts a Marcelle backend on MongoDB."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess

from .environment import python

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class OnMongoDB:
    """A backend that runs.

    Attributes:
        url: Its URL.
    """

    url: str


@contextmanager
def backend_on_mongodb(folder: Path) -> Iterator[OnMongoDB]:
    """Runs the stock backend on an empty MongoDB, without a guard: this package starts no backend on MongoDB.

    Args:
        folder: For the logs.

    Raises:
        NoMongoDB: This machine can't run it.
    """
    with ExitStack() as stack:

        def start(command: list[str], name: str, env: dict[str, str]) -> int:
            process = NodeProcess(command, log=folder / f"{name}.log", env={**os.environ, **env})
            stack.callback(process.stop)
            return int(process.ready["port"])

        database = start([str(python()), str(_HERE / "server.py")], "mongodb", {})
        node = find_node()
        packages = install(node=node)
        settings = {
            "database": "mongodb",
            "mongodb": f"mongodb://127.0.0.1:{database}/marcelle",
            "gridfs": True,
            "uploads": str(folder / "uploads"),
            "whitelist": {"services": "*"},
            "authentication": {"enabled": False},
        }
        config = packages / "node_modules" / "@marcellejs" / "backend" / "config"
        env = {"NODE_ENV": "production", "NODE_CONFIG_DIR": str(config), "NODE_CONFIG": json.dumps(settings)}
        port = start([node.executable, str(_HERE / "backend.js"), str(packages)], "backend", env)
        yield OnMongoDB(f"http://127.0.0.1:{port}")

"""A server with a predictor that exits when it is told to."""

from __future__ import annotations

from typing import Any

from marcelle_rt import TrainingServer

server = TrainingServer()


@server.predictor("exits")
def exits(x: Any) -> Any:
    """Gives back what it gets."""
    if x == "exit":
        raise SystemExit(3)
    return x


if __name__ == "__main__":
    server.serve()

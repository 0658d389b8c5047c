"""A server of one task for tests of pages, whose every word the test says."""

from __future__ import annotations

import threading
from typing import Any

from marcelle_rt import DataStore
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import JOBS, REQUESTS, TASKS
from marcelle_rt.values import iso
from tests.helpers import eventually

PARAMETERS: list[dict[str, Any]] = [
    {"name": "epochs", "type": "integer", "default": 3, "min": 1, "max": 50},
    {"name": "learning_rate", "type": "number", "default": 0.01, "min": 1e-5, "max": 1.0},
    {"name": "kind", "type": "choice", "default": "cnn", "options": ["cnn", "mlp"]},
    {"name": "augment", "type": "boolean", "default": True},
    {"name": "note", "type": "string", "default": "hello"},
]


class ScriptedServer:
    """Shows the task "shapes", and answers as it is told to.

    Args:
        store: The backend.
        every: Seconds between two signs of life, as it says; it gives them more often, on a machine that may be busy.
    """

    def __init__(self, store: DataStore, every: float = 1.0) -> None:
        self.store = store
        self._id = "a-server:shapes"
        self._every = every
        self._silent = threading.Event()
        store.service(TASKS).create(
            {
                "_id": self._id,
                "task": "shapes",
                "server": "a-server",
                "host": "a-host",
                "params": PARAMETERS,
                "trains": True,
                "predicts": True,
                "version": "1",
                "every": every,
                "beat": 0,
            }
        )
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self) -> None:
        beat = 0
        while not self._silent.wait(self._every / 4):
            beat += 1
            self.store.service(TASKS).patch(self._id, {"beat": beat})

    def die(self) -> None:
        """Gives no sign of life any more, as if it was killed."""
        self._silent.set()
        self._thread.join()

    def job(self) -> dict[str, Any]:
        """The one job that there is, as soon as it is there."""
        (job,) = eventually(lambda: self.store.service(JOBS).find()["data"])
        return dict(job)

    def says(self, job: dict[str, Any], **fields: Any) -> None:
        """Patches a job."""
        self.store.service(JOBS).patch(job["_id"], fields)

    def begin(self, job: dict[str, Any], epochs: int = 3) -> str:
        """Begins the job's run, and gives the run's id."""
        run = {"name": "shapes-1", "basename": "shapes", "source": "keras", "status": "start", "epoch": 0}
        start = {"start": iso(), "epochs": epochs, "params": {}, "logs": {}, "checkpoints": [], "assets": []}
        made = self.store.service("runs").create({**run, **start})
        self.says(job, state="running", worker="me", attempt=job["attempt"] + 1, runId=made["_id"])
        return str(made["_id"])

    def epoch(self, run: str, number: int) -> None:
        """Brings the run to an epoch, with the logs of all until then."""
        values = [1 / place for place in range(1, number + 1)]
        logs = {"accuracy": [1 - value for value in values], "lr": values, "loss": values, "val_loss": values}
        self.store.service("runs").patch(run, {"status": "epoch", "epoch": number, "logs": logs})

    def succeed(self, job: dict[str, Any], run: str) -> None:
        """Ends the run and the job."""
        self.store.service("runs").patch(run, {"status": "success"})
        self.says(job, state="success")

    def command(self) -> dict[str, Any]:
        """The one command that there is, as soon as it is there."""
        (command,) = eventually(lambda: self.store.service(COMMANDS).find()["data"])
        return dict(command)

    def answer(self, command: dict[str, Any], state: str, message: str) -> None:
        """Answers a command."""
        self.store.service(COMMANDS).patch(command["_id"], {"state": state, "message": message})

    def request(self) -> dict[str, Any]:
        """The one request for a prediction that there is, as soon as it is there."""
        (request,) = eventually(lambda: self.store.service(REQUESTS).find()["data"])
        return dict(request)

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

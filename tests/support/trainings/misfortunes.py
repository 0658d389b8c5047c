"""What befalls a training from within: a wrong clock, forks, a backend that errs, a terminal that is gone."""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from dataclasses import dataclass
from typing import Any

_ERRORS = {"GeneralError": 500, "BadGateway": 502, "Unavailable": 503, "Timeout": 408, "TooManyRequests": 429}


@dataclass(frozen=True)
class Misfortunes:
    """What befalls a training.

    Attributes:
        clock: Seconds by which its clock is wrong.
        forks: Fork each so many epochs; the child saves an epoch and ends in one of three ways. 0 for never.
        errors: How likely a call is answered with an error: half of the time after it was carried out.
        errors_end: Seconds from the beginning until the backend errs no more.
        is_mute: The working directory is removed, and the readers of stdout and stderr are gone.
        timeout: Seconds that a call waits for its answer; the usual if `None`.
        seed: What is drawn from.
    """

    clock: float = 0.0
    forks: int = 0
    errors: float = 0.0
    errors_end: float = 0.0
    is_mute: bool = False
    timeout: float | None = None
    seed: int = 0

    def begin(self) -> None:
        """What has happened before the training begins."""
        if self.clock:
            _move_clock(self.clock)
        if self.errors:
            _err(self.errors, time.monotonic() + self.errors_end, random.Random(self.seed))
        if self.is_mute:
            _lose_surroundings()

    def befall(self, epoch: int, writer: Any) -> None:
        """What happens before an epoch is saved."""
        if self.forks and epoch % self.forks == 0:
            _fork(epoch, writer)


def _move_clock(by: float) -> None:
    from marcelle_rt.runs.recording import recording
    from marcelle_rt.runs.sync.replica import fence, replica

    real = time.time

    def moved() -> float:
        return real() + by

    recording.__dict__["time"] = time.__dict__["time"] = moved
    for made in (fence.Fence.__init__, replica.Replica.__init__):
        made.__kwdefaults__ = {**(made.__kwdefaults__ or {}), "clock": moved}


def _err(chance: float, end: float, draw: random.Random) -> None:
    """Answers calls with errors: over the socket and by HTTP, before they are carried out and afterwards."""
    from marcelle_rt.client.call import Call
    from marcelle_rt.client.rest.http import Http
    from marcelle_rt.errors import from_server

    post, answered, attempt = Call.post, Call.answered, Http._attempt

    def unlucky() -> dict[str, Any] | None:
        if time.monotonic() > end or draw.random() > chance / 2:
            return None
        name = draw.choice(list(_ERRORS))
        return {"name": name, "code": _ERRORS[name], "message": "made by the soak"}

    def err_before(self: Call, line: Any) -> bool:
        if (error := unlucky()) is not None:
            answered(self, json.dumps([error]))
            return True
        return post(self, line)

    def err_after(self: Call, raw: Any) -> None:
        error = unlucky()
        answered(self, raw if error is None else json.dumps([error]))

    def err_http(self: Http, *args: Any) -> Any:
        if (error := unlucky()) is not None:
            raise from_server(error, "an upload")
        result = attempt(self, *args)
        if (error := unlucky()) is not None:
            raise from_server(error, "an upload")
        return result

    for owner, name, made in ((Call, "post", err_before), (Call, "answered", err_after), (Http, "_attempt", err_http)):
        setattr(owner, name, made)


def _lose_surroundings() -> None:
    os.environ.pop("MARCELLE_SILENT", None)  # there is to be something that can't be shown
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)
    reader, writer = os.pipe()
    os.close(reader)
    for descriptor in (1, 2):
        os.dup2(writer, descriptor)


def _fork(epoch: int, writer: Any) -> None:
    pid = os.fork()
    if pid == 0:
        writer.save_epoch(10**6 + epoch, {"n": 10**6 + epoch})
        if epoch % 3 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if epoch % 3 == 1:
            writer.train_end()
        os._exit(0)
    os.waitpid(pid, 0)

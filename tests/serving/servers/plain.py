"""A server whose tasks need no framework: they count, train, wait, fail, exit and are killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Annotated, Any, Literal

from marcelle_rt import Range, TrainingServer


def pool() -> Any:
    """The pool that `POOL` says; most tests have none."""
    if "POOL" not in os.environ:
        return None
    from concurrent import futures

    pools = {"threads": futures.ThreadPoolExecutor, "processes": futures.ProcessPoolExecutor}
    return pools[os.environ["POOL"]](2)


server = TrainingServer(
    executor=pool(),
    lease=float(os.environ.get("LEASE", "30")),
    public="PUBLIC" in os.environ,
)


@server.task
def count(
    job: Any,
    *,
    epochs: Annotated[int, Range(1, 1000)] = 3,
    rate: float = 0.5,
    kind: Literal["up", "down"] = "up",
) -> None:
    """Records a run of some epochs."""
    job.writer.train_begin(epochs)
    for epoch in range(1, epochs + 1):
        job.writer.save_epoch(epoch, {"loss": rate / epoch if kind == "up" else rate * epoch})
        job.progress(epoch / epochs, f"epoch {epoch}")


@server.task
def note(job: Any, *, name: str) -> None:
    """Leaves a line in a file of the working directory."""
    with open("notes.txt", "a", encoding="utf-8") as notes:
        notes.write(f"{name}\n")


@server.task
def flood(job: Any) -> None:
    """Prints 20 MB."""
    for _ in range(200):
        print("x" * 100_000)


@server.task
def wait(job: Any, *, epochs: int = 1) -> None:
    """Goes on until it is stopped."""
    job.progress(None, f"process {os.getpid()}")
    while not job.stopped:
        time.sleep(0.02)


@server.task
def train(job: Any) -> None:
    """Records epochs until it is stopped."""
    epoch = 0
    while not job.stopped:
        epoch += 1
        job.writer.save_epoch(epoch, {"loss": 1 / epoch})
        job.writer.commands()
        time.sleep(0.05)


@server.task
def garble(job: Any, *, lost: int = 0) -> None:
    """Loses what interrupts it so many times, as in a finalizer, and then makes another error of it, as C++ does."""
    job.progress(None, f"process {os.getpid()}")
    for _ in range(lost + 1):
        try:
            while True:
                time.sleep(0.02)
        except BaseException as error:
            interruption = error
    raise RuntimeError("MISMATCH of exception types") from interruption


@server.task
def hang(job: Any) -> None:
    """Looks at nothing, and does not end when it is asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    job.progress(None, f"process {os.getpid()}")
    while True:
        time.sleep(0.02)


@server.task
def fail(job: Any) -> None:
    """Raises."""
    raise ValueError("the data is <b>bad</b>")


@server.task
def leave(job: Any, *, code: int = 3) -> None:
    """Ends the process."""
    sys.exit(code)


@server.task(retries=0)
def vanish(job: Any, *, code: int = 5) -> None:
    """Ends the process without a word."""
    os._exit(code)


@server.task
def linger(job: Any) -> None:
    """Leaves a thread behind that does not end."""
    threading.Thread(target=threading.Event().wait).start()


@server.task(retries=1)
def die(job: Any) -> None:
    """Is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


@server.predictor("exits")
def exits(x: Any) -> Any:
    """Gives back what it gets, but for what it exits at."""
    if x == "exit":
        raise SystemExit(3)
    return x


if __name__ == "__main__":
    server.serve()

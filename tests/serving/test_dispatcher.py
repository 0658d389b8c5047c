"""A server's loop, without processes of jobs: how it begins on a backend that stands still, and what it sweeps away."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Callable
from typing import Any

from marcelle_rt import DataStore, TrainingServer
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.definition import Definition, Reference
from marcelle_rt.serving.dispatcher import Dispatcher
from marcelle_rt.serving.documents import REQUESTS, TASKS
from marcelle_rt.serving.executors.seam import Order
from marcelle_rt.serving.sweeping import Sweep
from tests.helpers import eventually


class Nowhere:
    """An executor that takes nothing, and knows whether the server's loop goes round."""

    free = 0

    def __init__(self) -> None:
        self.was_asked = threading.Event()

    @property
    def problem(self) -> str:
        self.was_asked.set()
        return ""

    def start(self, order: Order) -> None:
        raise AssertionError(order)

    def kill(self, order: Order) -> bool:
        return False

    def close(self) -> None: ...


def definition(store: DataStore) -> Definition:
    server = TrainingServer(store)

    @server.task
    def first(job: Any) -> None: ...

    @server.task
    def second(job: Any) -> None: ...

    return server.definition


def test_a_backend_that_stands_still_while_a_server_begins_is_waited_for(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    assert backend.process is not None
    node = backend.process.pid
    with DataStore(backend.url, timeout=1.0) as store:
        store.connect()
        executor = Nowhere()
        dispatcher = Dispatcher(definition(store), Reference("no_module", "server"), lambda *_: executor)
        loop = threading.Thread(target=dispatcher.run)
        os.kill(node, signal.SIGSTOP)
        try:
            loop.start()
            assert executor.was_asked.wait(30)
        finally:
            os.kill(node, signal.SIGCONT)

        eventually(lambda: store.service(TASKS).count() == 2, 30)
        dispatcher.stop()
        loop.join(30)
        assert not loop.is_alive()
        assert store.service(TASKS).count() == 0


def test_what_stands_still_from_one_sweep_to_the_next_is_taken_away_unless_somebody_waits_for_it(
    store: DataStore,
) -> None:
    def create(service: str, **fields: Any) -> str:
        key = str(uuid.uuid4())
        store.service(service).create({"_id": key, **fields})
        return key

    def there(*keys: str) -> list[bool]:
        return [any(store.service(name).count({"_id": key}) for name in (REQUESTS, COMMANDS, TASKS)) for key in keys]

    answered = create(REQUESTS, task="first", state="answered")
    asked = create(REQUESTS, task="first", state="asked")
    done = create(COMMANDS, runId=None, jobId="a", command="stop", state="done")
    sent = create(COMMANDS, runId=None, jobId="a", command="stop", state="sent")
    of_a_run = create(COMMANDS, runId="r", jobId="a", command="stop", state="done")
    dead = create(TASKS, task="first", server="a dead one", beat=7)
    mine = create(TASKS, task="first", server="me", beat=7)
    sweep = Sweep(definition(store), "me")

    sweep.sweep()
    assert there(answered, asked, done, sent, of_a_run, dead, mine) == [True] * 7
    sweep.sweep()
    assert there(answered, asked, done, sent, of_a_run, dead, mine) == [False, True, False, True, True, False, True]
    for name, key in ((REQUESTS, asked), (COMMANDS, sent), (COMMANDS, of_a_run), (TASKS, mine)):
        store.service(name).remove(key)

"""`TrainingServer`: functions that dashboards call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any, TypeVar, overload

from .. import config
from ..client.data_store import DataStore
from ..client.service import NOTHING
from ..datasets.listing import check_not_empty
from ..errors import AWAY, InvalidData
from ..notices import sentence, tell
from .definition import Definition, Reference, is_loading
from .dispatcher import Dispatcher
from .documents import JOBS, new_job
from .executors import choice
from .presence import names_of
from .tasks import Task, UnknownTask, check_function, check_name

F = TypeVar("F", bound=Callable[..., Any])

_RETRY = 2.0  # seconds until a backend that was away is asked again


class TrainingServer:
    """Lets dashboards start, steer and use Python.

    It listens nowhere: dashboards and it meet in documents on the backend. Put it and its tasks at the top level of a
    file, because each job runs in a process that imports that file.

    Example:
        >>> server = TrainingServer()
        >>> @server.task
        ... def shapes(job, *, epochs: int = 10):
        ...     x, y = job.dataset.to_numpy(size=(64, 64))
        ...     model.fit(x, y, epochs=epochs, callbacks=[job.callback()])
        ...     job.publish(model)
        >>> server.serve()

    Args:
        store: The backend: a `DataStore` of yours (one that is signed in, say), its URL, or `None` for
            `$MARCELLE_BACKEND`, or else `http://localhost:3030`.
        executor: Where jobs run: `None` for one process at a time, a number for as many, any
            `concurrent.futures.Executor`, a `dask.distributed.Client`, `"ray"` or the address of a Ray cluster; or a
            function that gives one of these, which is called by `serve` alone: workers import the file too.
        lease: Seconds without a sign of life after which a job is taken from its worker.
        public: Let users see what it writes who sign in as somebody else; needed where they sign in.

    Raises:
        InvalidData: The store is not a URL, the executor not one, or the lease not a number of seconds.
    """

    def __init__(
        self,
        store: DataStore | str | None = None,
        *,
        executor: Any = None,
        lease: float = 30.0,
        public: bool = False,
    ) -> None:
        seconds = config.seconds_of("lease", lease)
        if seconds < 1:
            raise InvalidData("lease", lease, "is too short to give signs of life in; use 1 second or more")
        choice.check(executor)
        opened = store if isinstance(store, DataStore) else DataStore(store)
        self.definition: Definition = Definition(opened, seconds, bool(public))
        self._executor = executor

    def __repr__(self) -> str:
        return f"TrainingServer({self.definition.store.location!r}, tasks={list(self.definition.tasks)})"

    @overload
    def task(self, function: F, /) -> F: ...
    @overload
    def task(self, *, retries: int = 1) -> Callable[[F], F]: ...
    def task(self, function: Any = None, *, retries: int = 1) -> Any:
        """Makes a function a task of its own name, which jobs run; a decorator, with or without arguments.

        The function gets the job, and parameters by name: `int`, `float`, `bool`, `str`, `Literal[...]`,
        `list[float]`, and `Annotated[float, Range(1e-5, 1.0)]`, with or without a default.

        Args:
            function: The function.
            retries: How often a job is started again whose process was lost (killed, say). One that raises is not.

        Raises:
            InvalidData: Its name is another's, or a parameter is one that no form can give.
        """
        if function is None:
            return partial(self._add_task, retries=retries)
        return self._add_task(function, retries=retries)

    def _add_task(self, function: F, *, retries: int) -> F:
        task = Task.of(function, retries)
        if task.name in self.definition.tasks:
            raise InvalidData("task", task.name, "is the name of another task of this server; rename the function")
        self.definition.tasks[task.name] = task
        return function

    def predictor(self, name: str) -> Callable[[F], F]:
        """Makes a function answer predictions for a name; a decorator.

        Args:
            name: The name of a task, or one of its own.

        Raises:
            InvalidData: The name is not plain, or has a predictor already, or what is decorated is not a function.
        """
        check_name("predictor", name)
        if name in self.definition.predictors:
            raise InvalidData("predictor", name, "has a predictor already; there is one for each name")

        def add(function: F) -> F:
            check_function("predictor", function)
            self.definition.predictors[name] = function
            return function

        return add

    def submit(self, task: str, params: Mapping[str, Any] = NOTHING, dataset: str | None = None) -> str:
        """Creates a job, as a dashboard does; a server with that task runs it.

        Args:
            task: The task's name.
            params: Its parameters.
            dataset: The name of the dataset that it works on.

        Returns:
            The job's `_id`.

        Raises:
            UnknownTask: This server has no such task; the message says which it has.
            InvalidData: A parameter does not fit.
            DatasetError: The dataset has no instances; the message says which there are.
            MarcelleError: What the backend or the line raised.
        """
        known = self.definition.tasks.get(task)
        if known is None:
            raise UnknownTask(task, list(self.definition.tasks))
        values = known.values(params)
        if dataset is not None:
            check_not_empty(self.definition.store, dataset)
        job = new_job(task, values, dataset, "python", self.definition.public)
        self.definition.store.service(JOBS).create(job)
        return job["_id"]

    def serve(self) -> None:
        """Runs jobs and answers predictions until Ctrl-C or SIGTERM.

        Jobs that are running then go back to the queue, for this server's next start or another server. A backend that
        can't be reached is waited for. Where a job's process imports the file, this does nothing.

        Raises:
            NoServer: The processes of jobs could not find this server.
            InvalidData: There is no task and no predictor.
            NotAuthenticated: The backend refuses the login.
            ExecutorGone: The executor is broken, or was shut down.
        """
        if is_loading():
            return
        if not names_of(self.definition):
            raise InvalidData("server", self, "has nothing to serve; write @server.task above a function")
        # It answers predictions while its jobs train: TensorFlow would give all of the GPU to whoever is first.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # else each job begins with lines that look like errors
        reference = Reference.of(self)
        self._connect()
        self.definition.learn_owner()
        executor = partial(choice.made, self._executor, reference)
        dispatcher = Dispatcher(self.definition, reference, executor)
        tell(self._introduction())
        with _Ending(dispatcher.stop):
            dispatcher.run()

    def _connect(self) -> None:
        told = False
        while True:
            try:
                return self.definition.store.connect()
            except AWAY as error:
                if not told:
                    tell(f"{sentence(error)} It is tried again until it answers; Ctrl-C ends this.")
                told = True
                time.sleep(_RETRY)

    def _introduction(self) -> str:
        store = self.definition.store
        email = store.session.caller.login.email
        who = f"signed in as {email}" if email else "not signed in"
        return f"Serving {', '.join(names_of(self.definition))} at {store.location}, {who}. Ctrl-C ends it."


class _Ending:
    """Has Ctrl-C and SIGTERM end the server in peace; a second Ctrl-C ends it at once."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop()
        signal.signal(number, self._before[number])

"""System metrics: measures the machine and this process from time to time, beside the runs that ask for it."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...notices import Notices, logger
from ...processes.forks import on_fork
from ...processes.threads import started
from ...values import iso

INTERVAL = 10.0  # seconds between two measurements of a run
_FIRST = 0.5  # seconds until the first one: how busy a machine is shows over a time only


def can_measure(notices: Notices) -> bool:
    """Whether the machine can be measured; says how to make it so where not."""
    if importlib.util.find_spec("psutil") is not None:
        return True
    notices.warn(
        "psutil",
        "system_metrics: nothing is measured, as psutil is missing; `pip install 'marcelle-rt[system]'` brings it.",
    )
    return False


class Measured(Protocol):
    """A run that measurements belong to."""

    def record_system(self, fields: Mapping[str, Any]) -> None:
        """Writes a measurement, unless the run has ended."""


class Meter:
    """Measures, each time since the time before."""

    def __init__(self) -> None:
        import psutil

        self._psutil = psutil
        self._process = psutil.Process()
        self._gpus = Gpus()
        psutil.cpu_percent(None)
        self._process.cpu_percent(None)

    def __call__(self) -> dict[str, Any]:
        """The fields of a document: percents from 0 to 100, but `process_cpu` in percent of one core, and bytes."""
        return {
            "time": iso(),
            "cpu": self._psutil.cpu_percent(None),
            "memory": self._psutil.virtual_memory().percent,
            "process_cpu": self._process.cpu_percent(None),
            "process_memory": self._process.memory_info().rss,
            "gpus": self._gpus(),
        }


class Gpus:
    """Measures NVIDIA's GPUs, where there are any and pynvml is installed."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        try:
            import pynvml

            self._nvml = pynvml
        except ImportError:
            return
        try:
            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        except pynvml.NVMLError as error:  # no driver, no GPU
            logger.info("no GPUs are measured: %s", error)

    def __call__(self) -> list[dict[str, Any]]:
        """For each GPU its `name`, `utilization` and `memory` in percent; `None` for what it does not tell."""
        return [
            {
                "name": self._ask(self._name, handle),
                "utilization": self._ask(self._utilization, handle),
                "memory": self._ask(self._memory, handle),
            }
            for handle in self._handles
        ]

    def _name(self, handle: Any) -> str:
        name = self._nvml.nvmlDeviceGetName(handle)
        return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)

    def _utilization(self, handle: Any) -> float:
        return float(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu)

    def _memory(self, handle: Any) -> float:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
        return round(100 * float(memory.used) / float(memory.total), 1)

    def _ask(self, question: Callable[[Any], Any], handle: Any) -> Any:
        try:
            return question(handle)
        except self._nvml.NVMLError:  # parts of a GPU that is shared (MIG) tell only some of it
            return None


class Sampler:
    """One thread for all runs of the process that want measurements; it lives only while there are any."""

    def __init__(
        self,
        meter: Callable[[], Callable[[], dict[str, Any]]] = Meter,
        *,
        interval: float = INTERVAL,
        first: float = _FIRST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares it.

        Args:
            meter: Makes what measures; called on the thread.
            interval: Seconds between two measurements of a run.
            first: Seconds from a run's begin to its first.
            clock: Seconds that only grow.
        """
        self._make_meter = meter
        self._interval = interval
        self._first = first
        self._clock = clock
        self._due: dict[Measured, float] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, run: Measured) -> None:
        """Measures beside a run, until it is removed or has ended."""
        with self._lock:
            self._due[run] = self._clock() + self._first
            if self._thread is None:
                self._thread = started(self._serve, "system")
        self._wake.set()

    def remove(self, run: Measured) -> None:
        """Measures no more beside a run."""
        with self._lock:
            self._due.pop(run, None)
        self._wake.set()

    def _serve(self) -> None:
        meter: Callable[[], dict[str, Any]] | None = None
        while True:
            with self._lock:
                if not self._due:
                    self._thread = None
                    return
                now = self._clock()
                runs = [run for run, due in self._due.items() if due <= now]
                for run in runs:
                    self._due[run] = now + self._interval
                pause = min(self._due.values()) - now
            try:
                meter = meter or self._make_meter()
                if runs:
                    fields = meter()
                    for run in runs:
                        run.record_system(fields)
            except BaseException:
                # A platform that can't tell one of the figures must not end the thread, and least of all the training.
                logger.exception("the machine could not be measured")
            self._wake.wait(pause)
            self._wake.clear()


_sampler = Sampler()


def sampler() -> Sampler:
    """The process' own; a forked child gets one of its own."""
    return _sampler


def _after_fork() -> None:
    global _sampler
    _sampler = Sampler()


on_fork(_after_fork)

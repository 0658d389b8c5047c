"""What a piece of code leaves behind: threads and sockets that were not there before it."""

from __future__ import annotations

import os
import threading

from marcelle_rt.notices import THREADS


def threads_of_ours() -> set[threading.Thread]:
    """The threads of this process that connections have started."""
    names = (f"{THREADS}connection ", "marcelle_rt events ")
    return {thread for thread in threading.enumerate() if thread.name.startswith(names) or "_loop" in thread.name}


def sockets() -> set[str]:
    """The sockets that this process has open; each has a name of its own."""
    links = (f"/proc/self/fd/{descriptor}" for descriptor in os.listdir("/proc/self/fd"))
    return {target for link in links if os.path.islink(link) and (target := os.readlink(link)).startswith("socket:")}


class Leftovers:
    """Counts from here on: what others had open may close meanwhile, and does not matter."""

    def __init__(self) -> None:
        self._threads, self._sockets = threads_of_ours(), sockets()

    def threads(self) -> set[threading.Thread]:
        """The threads of connections that have come since."""
        return threads_of_ours() - self._threads

    def sockets(self) -> set[str]:
        """The sockets that have come since."""
        return sockets() - self._sockets

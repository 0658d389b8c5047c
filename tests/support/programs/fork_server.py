"""Imports a library once, and forks programs that find it imported. Run by `forked.py`.

All processes of a run of the tests share it, and it ends when none of them is connected any more. A program is
otherwise as Python starts it: it has a `__main__`, arguments, a working directory, an environment and streams of its
own, and random numbers that no other has. It ends by the end of this file, and so does all that Python does when a
program ends. Nothing of ours is imported here, so that a program is the first to import it.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import types
from typing import Any

Job = dict[str, Any]


def next_job(listening: socket.socket, lock: int) -> Job | None:
    """Forks a program for each request, and returns in it what it is to do; nothing when there will be no more."""
    connected: list[socket.socket] = []
    while connected or not is_over(listening, lock):
        for ready in select.select([listening, *connected], [], [])[0]:
            if ready is listening:
                connected.append(listening.accept()[0])
                continue
            request, descriptors = received(ready)
            if not request:
                connected.remove(ready)
                ready.close()
            elif not os.fork():
                for ours in (listening, *connected):
                    ours.close()
                os.close(lock)
                follow(descriptors.pop())
                for number, descriptor in enumerate(descriptors):
                    os.dup2(descriptor, number)
                    os.close(descriptor)
                return dict(json.loads(request))
            for descriptor in descriptors:
                os.close(descriptor)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    return None


def received(connection: socket.socket) -> tuple[bytes, list[int]]:
    """A request, with a program's streams and where to tell how it ends; empty when the connection is closed."""
    header, descriptors, _, _ = socket.recv_fds(connection, 4, 4)
    size, request = int.from_bytes(header, "big"), b""
    while len(request) < size:
        request += connection.recv(size - len(request))
    return request, descriptors


def is_over(listening: socket.socket, lock: int) -> bool:
    """Whether nobody connects any more; the socket is gone then. They connect while they hold the lock."""
    fcntl.flock(lock, fcntl.LOCK_EX)
    over = not select.select([listening], [], [], 0)[0]
    if over:
        with contextlib.suppress(FileNotFoundError):  # the run has removed its folder
            os.unlink(listening.getsockname())
    fcntl.flock(lock, fcntl.LOCK_UN)
    return over


def follow(answers: int) -> None:
    """Returns in a process of its own; this one tells that one's id, and how it has ended."""
    if program := os.fork():
        os.write(answers, b"%d\n" % program)
        _, status = os.waitpid(program, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(answers)


def become(job: Job) -> types.ModuleType:
    """Makes this process what a new one would be, and returns its `__main__`."""
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    words = job["words"]
    sys.orig_argv[1:] = words
    sys.argv = words if not words[0].startswith("-") else [words[0], *words[2:]]
    first = {"-c": "", "-m": job["folder"]}.get(words[0], os.path.dirname(os.path.realpath(words[0])))
    sys.path[:1] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    importlib.invalidate_caches()
    for name in ("numpy.random", "torch"):
        if name in sys.modules:
            sys.modules[name].seed()
    main = types.ModuleType("__main__")
    vars(main)["__builtins__"] = builtins
    if words[0] not in ("-c", "-m"):
        main.__file__ = words[0]
    sys.modules["__main__"] = main
    return main


def run(job: Job) -> None:
    main = become(job)
    what, *rest = job["words"]
    if what == "-m":
        runpy._run_module_as_main(rest[0])  # type: ignore[attr-defined]  # what Python itself calls
    elif what == "-c":
        exec(compile(rest[0], "<string>", "exec"), vars(main))
    else:
        with open(what, "rb") as file:
            code = compile(file.read(), what, "exec")
        exec(code, vars(main))


def serve(listening: int, lock: int, library: str, hidden: list[str]) -> Job | None:
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # Python takes them for not installed
    gc.disable()  # what imports make stays: nobody need look for garbage in it
    importlib.import_module(library)
    for name in hidden:
        del sys.modules[name]
    if "marcelle_rt" in sys.modules:
        raise SystemExit("a program is to be the first to import marcelle_rt")
    gc.freeze()
    gc.enable()
    on_interrupt = signal.signal(signal.SIGINT, signal.SIG_DFL)  # of a Ctrl-C in the tests' terminal it says nothing
    job = next_job(socket.socket(fileno=listening), lock)
    signal.signal(signal.SIGINT, on_interrupt)
    return job


if todo := serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]):
    run(todo)

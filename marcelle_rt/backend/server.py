"""The real Marcelle backend, as a context manager."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from ..config import allowed_origins
from . import data_folder, orders, reach
from .errors import BackendError
from .node import find_node
from .packages import damaged, install
from .process import NodeProcess

_SCRIPT = Path(__file__).parent / "serve.js"
_EVERYWHERE = dict(zip(reach.EVERYWHERE, ("127.0.0.1", "::1"), strict=True))


class Backend:
    """A Marcelle backend on this machine, stopped at the latest when this process ends.

    It is installed at the first use, listens on the loopback interface alone unless told otherwise, and
    signs its tokens with a secret of its own, which is kept with the data.

    Args:
        port: The port; 0 takes any free one, and keeps it when started again.
        host: The address to listen on; `"0.0.0.0"` lets other machines in, which wants `auth` or `open`.
        data: The folder of the database, the uploads and the log, made if missing; `None` takes a
            temporary one that is removed when the `with` block, or this process, ends.
        auth: Whether users must sign in; `marcelle-rt backend user add` creates them. The data is closed to
            other users of the machine.
        signup: Whether everybody who reaches the backend can create an account.
        open: Whether it is meant that others than this machine come in without signing in.
        allow_origin: Origins of web pages that may use it, such as `"https://lab.example.org"`, beside those
            that this machine serves itself; `None` takes those of `$MARCELLE_ALLOW_ORIGIN`, separated by blanks.
        page: Files of a page that is shown to whoever opens the backend's URL in a browser, by the names under
            which they are served; `index.html` is the page. Nobody signs in for these.

    Example:
        with Backend() as backend:
            store = DataStore(backend.url)
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        data: str | os.PathLike[str] | None = None,
        auth: bool = False,
        signup: bool = False,
        open: bool = False,
        allow_origin: Iterable[str] | None = None,
        page: Mapping[str, Path] | None = None,
    ) -> None:
        if signup and not auth:
            raise BackendError(
                "Where nobody signs in, nobody can sign up: --signup (signup=True) needs --auth (auth=True)."
            )
        self.port: int = port
        self.host = host
        self.auth = auth
        self.signup = signup
        self.open = open
        self.allow_origin: list[str] = allowed_origins(allow_origin)
        self._page = {name: str(path) for name, path in (page or {}).items()}
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if data is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="marcelle-", ignore_cleanup_errors=True)
            data = self._temporary.name
        self.data: Path = Path(data).absolute()
        self._node: NodeProcess | None = None

    @property
    def url(self) -> str:
        """The URL for clients on this machine; with port 0, complete once the backend has started."""
        host = _EVERYWHERE.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def reach(self) -> str:
        """One sentence that says who can reach it.

        Raises:
            BackendError: The host is not known.
        """
        return reach.who(self.host, self.auth, self.signup)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The Node process, or `None` before `start` and after `stop`."""
        return None if self._node is None else self._node.process

    def start(self) -> Backend:
        """Starts the backend and returns when it answers; also starts it again after `stop`.

        Raises:
            BackendError: Node.js is missing, the packages can't be installed, the port is taken, the
                data folder can't be used or kept from others, a network would come in without a sign-in, or
                the backend does not come up.
        """
        if self._node is not None:
            return self
        reach.check(self.host, self.auth, self.open)
        node = find_node()
        folder = install(node=node)
        with ExitStack() as stack:
            # Node inherits the lock, so the folder stays locked for as long as the backend lives.
            inherited = [stack.enter_context(data_folder.lock(self.data)).fileno()]
            if self.auth:
                data_folder.close_to_others(self.data)
            env = self._environment(folder)
            if self.auth:
                orders_socket = stack.enter_context(orders.listening(self.data)).fileno()
                inherited.append(orders_socket)
                env["MARCELLE_ORDERS"] = str(orders_socket)
            try:
                self._node = NodeProcess(
                    [node.executable, str(_SCRIPT), str(folder), self.host, str(self.port)],
                    log=self.data / data_folder.LOG,
                    env=env,
                    keep_open=inherited,
                )
            except BackendError as error:
                if "MODULE_NOT_FOUND" in str(error) and str(folder) in str(error):
                    raise damaged(folder) from error
                raise
        try:
            self.port = self._port(self._node.ready)
            self._wait_until_it_answers(self._node)
        except BaseException:  # also Ctrl-C must leave no process behind
            self.stop()
            raise
        return self

    def wait(self) -> NoReturn:
        """Waits for as long as the backend runs, which is until an exception such as Ctrl-C ends the waiting.

        Raises:
            BackendError: The backend ended by itself, or was not started.
        """
        if self._node is None:
            raise BackendError("The backend was not started.")
        self._node.process.wait()
        raise self._node.failure("ended by itself")

    def stop(self) -> None:
        """Stops the backend, and returns when it is gone; its data and its port stay as they are."""
        if self._node is not None:
            self._node.stop()
            self._node = None

    def __enter__(self) -> Backend:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _environment(self, folder: Path) -> dict[str, str]:
        settings = {
            "port": self.port,
            "host": self.host,
            "nedb": str(self.data / "db"),
            "uploads": str(self.data / "uploads"),
            # The package's own settings for production forbid every service.
            "whitelist": {"services": "*"},
            "authentication": {
                "enabled": self.auth,
                "allowSignup": self.signup,
                "secret": data_folder.secret(self.data),
            },
        }
        return {
            **os.environ,
            "NODE_ENV": "production",
            "NODE_CONFIG_DIR": str(folder / "node_modules" / "@marcellejs" / "backend" / "config"),
            "NODE_CONFIG": json.dumps(settings),
            "MARCELLE_GUARD": json.dumps({"allowOrigins": self.allow_origin, "page": self._page}),
        }

    def _port(self, answer: dict[str, object]) -> int:
        port = answer.get("port")
        if isinstance(port, int):
            return port
        other = "::1" if self.host == "127.0.0.1" else "127.0.0.1"  # a machine may have one of the two alone
        reasons = {
            "EADDRINUSE": "is taken. Stop what runs there, or choose another port (0: any free one)",
            "EACCES": "may not be used by this user. Choose one above 1023",
            "EADDRNOTAVAIL": f"is not an address of this machine. Use {other}, or 0.0.0.0 for all",
        }
        code = str(answer.get("error"))
        place = f"[{self.host}]" if ":" in self.host else self.host
        raise BackendError(f"{place}:{self.port} {reasons.get(code, f'can not be used ({code})')}.")

    def _wait_until_it_answers(self, node: NodeProcess, timeout: float = 30.0) -> None:
        # A proxy that the environment names is not for this machine's own server.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + timeout
        while True:
            try:
                with opener.open(f"{self.url}/info", timeout=5):
                    return
            except OSError as error:
                if node.process.poll() is not None:
                    raise node.failure("ended at once") from error
                if time.monotonic() > deadline:
                    raise node.failure(f"does not answer at {self.url}") from error
                time.sleep(0.05)

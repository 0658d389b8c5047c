"""A line that can break: a TCP proxy between a client and a real server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from urllib.parse import urlsplit

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Passes bytes on to a server, until it is told to cut, hold or refuse.

    Args:
        url: The server's URL.
        rewrite: Bytes from the server that are replaced by others of the same length.
    """

    def __init__(self, url: str, rewrite: dict[bytes, bytes] | None = None) -> None:
        self._server = (urlsplit(url).hostname, urlsplit(url).port)
        self._rewrite = rewrite or {}
        self._flowing = threading.Event()
        self._flowing.set()
        self._guard = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def live(self) -> int:
        """How many connections there are."""
        return len(self._pairs)

    def cut(self) -> None:
        """Breaks all connections, as when a cable is pulled and both sides notice."""
        with self._guard:
            pairs, self._pairs = self._pairs, set()
        for end in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):  # one that has ended meanwhile
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)

    def hold(self) -> None:
        """Makes all connections half-open: nothing passes, and nobody is told."""
        self._flowing.clear()

    def release(self) -> None:
        """Lets what was held pass."""
        self._flowing.set()

    def refuse(self) -> None:
        """Cuts, and lets nobody connect until `allow`."""
        with contextlib.suppress(OSError):  # refusing already
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()

    def allow(self) -> None:
        """Accepts connections again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.refuse()
        self.release()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed by `refuse`
                return
            server = socket.create_connection(self._server)
            pair = (client, server)
            with self._guard:
                self._pairs.add(pair)
                self.accepted += 1
            for source, sink, rewrite in ((client, server, {}), (server, client, self._rewrite)):
                threading.Thread(target=self._pump, args=(source, sink, rewrite, pair), daemon=True).start()

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        rewrite: dict[bytes, bytes],
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        with contextlib.suppress(OSError):  # the other direction, or `cut`, has ended it
            while data := source.recv(65536):
                self._flowing.wait()
                for old, new in rewrite.items():
                    data = data.replace(old, new)
                sink.sendall(data)
        with self._guard:
            self._pairs.discard(pair)
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

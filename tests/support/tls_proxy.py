"""TLS before a server that has none, as a reverse proxy in front of a backend."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from types import TracebackType
from urllib.parse import urlsplit

import trustme


class SecureProxy:
    """Takes TLS connections and passes what comes on to a server.

    Args:
        url: The server's URL.
        authority: Who issues the certificate.
        host: Whose certificate it shows.
    """

    def __init__(self, url: str, authority: trustme.CA, host: str = "127.0.0.1") -> None:
        self._server = (urlsplit(url).hostname, urlsplit(url).port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(self._context)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda loop, context: None)  # refused handshakes are what tests make
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls", daemon=True)

    def __enter__(self) -> SecureProxy:
        self._thread.start()
        start = asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self._listener = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.url = f"https://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server_reader, server_writer = await asyncio.open_connection(*self._server)
        try:
            await asyncio.gather(self._pump(reader, server_writer), self._pump(server_reader, writer))
        finally:
            for end in (writer, server_writer):
                end.transport.abort()
            self._tasks.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # the other direction has ended it
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
            sink.transport.abort()

"""A line that can break in every way that lines do: a TCP proxy between a client and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

_RESET = struct.pack("ii", 1, 0)
_CHUNK = 65536
_UPGRADE = b"Upgrade: websocket\r\n"


class Pair:
    """One connection through the proxy: the client's end and the server's."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)

    def cut(self) -> None:
        """Breaks it, as when a cable is pulled and both sides notice; what was under way is lost."""
        for end in self.ends:
            with contextlib.suppress(OSError):  # one that has ended meanwhile
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.transport.abort()


class Proxy:
    """Passes bytes on to a server, until it is told to do worse.

    Args:
        url: The server's URL.
        rewrite: Bytes from the server that are replaced by others of the same length.
        seed: What `chance` draws from.

    Attributes:
        url: Where clients connect to.
        accepted: How many connections there were.
        held: How many bytes have come from clients and were not passed on yet.
        cuts: How many connections were broken, for whatever reason.
        delay: Seconds that each chunk takes, each way.
        rate: Bytes a second, each way; `None` for as many as there are.
        chance: How likely a chunk is cut in its middle, and its connection with it.
        upgrades: What becomes of WebSockets: they `"pass"`, are passed on as plain requests (`"strip"`), which nginx
            does that was not told of them, or have their connections cut (`"cut"`).
    """

    def __init__(self, url: str, rewrite: dict[bytes, bytes] | None = None, seed: int = 0) -> None:
        self.accepted = 0
        self.held = 0
        self.cuts = 0
        self.delay = 0.0
        self.rate: float | None = None
        self.chance = 0.0
        self.upgrades: Literal["pass", "strip", "cut"] = "pass"
        self._rewrite = rewrite or {}
        self._random = random.Random(seed)
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._losing: list[bytes] = []
        self._countdown: int | None = None
        self.retarget(url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._flowing = {True: asyncio.Event(), False: asyncio.Event()}  # by whether it comes from the server
        for flowing in self._flowing.values():
            flowing.set()
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.allow()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def live(self) -> int:
        """How many connections there are."""
        return len(self._pairs)

    @property
    def to_lose(self) -> int:
        """How many of the answers that `lose` named are still to come."""
        return len(self._losing)

    def retarget(self, url: str) -> None:
        """Leads connections from now on to another server."""
        self._server = (urlsplit(url).hostname, urlsplit(url).port)

    def cut(self) -> None:
        """Breaks all connections."""
        self._run(self._cut_all())

    def cut_after(self, count: int) -> None:
        """Breaks a connection in the middle of a frame: when so many more bytes have come from clients."""
        self._countdown = count

    def lose(self, answer: bytes, times: int = 1) -> None:
        """Drops the next answers with these bytes in them, each with its connection: what was asked for is done.

        Args:
            answer: Bytes of one chunk from the server.
            times: How many answers.
        """
        self._losing += [answer] * times

    def hold(self, answers: bool = True) -> None:
        """Makes all connections half-open: nothing passes, and nobody is told.

        Args:
            answers: Hold what comes from the server too.
        """
        self._run(self._set_flowing(False, not answers))

    def release(self) -> None:
        """Lets what was held pass, also what came from clients that have ended meanwhile."""
        self._run(self._set_flowing(True, True))

    def refuse(self) -> None:
        """Cuts, and lets nobody connect until `allow`."""
        self._run(self._refuse())

    def allow(self) -> None:
        """Accepts connections again."""
        self._run(self._allow())

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)  # a machine may stand still for a while

    # On the proxy's own thread.

    async def _allow(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port, reuse_address=True)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._cut_all()

    async def _cut_all(self) -> None:
        for pair in list(self._pairs):
            self._cut(pair)

    def _cut(self, pair: Pair) -> None:
        if pair in self._pairs:
            self._pairs.discard(pair)
            self.cuts += 1
            pair.cut()

    async def _set_flowing(self, from_clients: bool, from_server: bool) -> None:
        for event, flowing in ((self._flowing[False], from_clients), (self._flowing[True], from_server)):
            if flowing:
                event.set()
            else:
                event.clear()

    async def _end(self) -> None:
        await self._refuse()
        await self._set_flowing(True, True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # those that they have cancelled end, too

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._own()
        with contextlib.suppress(asyncio.CancelledError):  # by `_end`; asyncio would call it an error
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._server)
        except OSError:  # the server is away, as the client would see it without us
            writer.transport.abort()
            return
        pair = Pair(writer, server_writer)
        self._pairs.add(pair)
        self.accepted += 1
        try:
            await asyncio.gather(
                self._pump(pair, reader, server_writer, from_server=False),
                self._pump(pair, server_reader, writer, from_server=True),
            )
        finally:
            self._pairs.discard(pair)
            for end in pair.ends:
                end.close()

    def _own(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, pair: Pair, source: asyncio.StreamReader, sink: asyncio.StreamWriter, from_server: bool
    ) -> None:
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        reading = asyncio.create_task(self._read(source, chunks, from_server))
        try:
            while True:
                due, data = await chunks.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                await self._flowing[from_server].wait()
                self.held -= 0 if from_server else len(data)
                if not data or pair not in self._pairs:
                    break
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                if not await self._pass_on(pair, data, sink, from_server):
                    break
        except OSError:  # the other direction, or a cut, has ended it
            pass
        finally:
            reading.cancel()
            sink.close()  # one side has ended, so the other is told; what came from there still passes

    async def _read(
        self, source: asyncio.StreamReader, chunks: asyncio.Queue[tuple[float, bytes]], from_server: bool
    ) -> None:
        data = b"..."
        while data:
            try:
                data = await source.read(_CHUNK)
            except OSError:
                data = b""
            self.held += 0 if from_server else len(data)
            chunks.put_nowait((self._loop.time() + self.delay, data))

    async def _pass_on(self, pair: Pair, data: bytes, sink: asyncio.StreamWriter, from_server: bool) -> bool:
        """Passes a chunk on, or cuts; whether the connection is still there."""
        if from_server:
            for old, new in self._rewrite.items():
                data = data.replace(old, new)
            for answer in self._losing:
                if answer in data:
                    self._losing.remove(answer)
                    self._cut(pair)
                    return False
        elif self.upgrades == "strip":
            data = data.replace(_UPGRADE, b"")
        elif self.upgrades == "cut" and _UPGRADE in data:
            self._cut(pair)
            return False
        elif self._countdown is not None:
            self._countdown -= len(data)
            if self._countdown < 0:
                await self._cut_within(pair, data, sink, len(data) + self._countdown)
                self._countdown = None
                return False
        if self.chance and self._random.random() < self.chance:
            await self._cut_within(pair, data, sink, self._random.randrange(len(data)))
            return False
        sink.write(data)
        await sink.drain()
        return True

    async def _cut_within(self, pair: Pair, data: bytes, sink: asyncio.StreamWriter, at: int) -> None:
        """Passes the first bytes on, and gives the kernel the time to send them before the reset."""
        sink.write(data[:at])
        await sink.drain()
        await asyncio.sleep(0.005)
        self._cut(pair)

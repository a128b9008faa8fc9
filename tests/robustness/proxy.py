"""A TCP proxy on loopback that simulates a bad network.

The proxy cannot duplicate or reorder calls, because a byte stream does neither. The traffic
duplicates calls itself, with requests under the same request id.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Self

from tests.robustness.frames import FrameScanner
from wanllmdb_local import HOST

_CHUNK_BYTES = 64 * 1024


class Side(Enum):
    """The side that sends the bytes."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(slots=True)
class Weather:
    """The present state of the network; by default the network is good.

    Attributes:
        delay: Seconds by which each piece of bytes is delayed, each way.
        cut: The side whose next bytes are dropped with the connection: the client's, so that the
            request never arrives, or the server's, so that a finished reply is not delivered.
        cuts: The number of cuts that remain.
        refuses: Whether new connections are closed at once.
    """

    delay: float = 0.0
    cut: Side | None = None
    cuts: int = 0
    refuses: bool = False


@dataclass(slots=True)
class ProxyCounts:
    """Counts of what the proxy did."""

    connections: int = 0
    cuts: int = 0


@dataclass(eq=False, slots=True)
class _Connection:
    """Both ends of one connection."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    scanners: dict[Side, FrameScanner] = field(default_factory=dict)

    def abort(self) -> None:
        """Abort both ends, as a lost network eventually does."""
        for writer in (self.client, self.server):
            writer.transport.abort()

    def close(self) -> None:
        """Close both ends once they have received all bytes."""
        for writer in (self.client, self.server):
            writer.close()


class Proxy:
    """Forwards connections to a port of this machine; use it as an async context manager.

    Args:
        name: A name for reports.
        target: The port that receives the connections.
        is_http2: Whether the bytes are gRPC's: then only parts of calls are cut. May be set.
    """

    def __init__(self, name: str, target: int, *, is_http2: bool) -> None:
        self.name = name
        self.weather = Weather()
        self.counts = ProxyCounts()
        self._target = target
        self.is_http2 = is_http2
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port on which the proxy listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> str:
        """The address on which the proxy listens, as host:port."""
        return f"{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """Hold back all bytes, in both directions, until `clear`."""
        self._flowing.clear()

    def clear(self) -> None:
        """Make the network good again."""
        self.weather = Weather()
        self._flowing.set()

    def drop_all(self) -> None:
        """End every connection."""
        for connection in list(self._connections):
            connection.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refuses:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind_reader, behind = await asyncio.open_connection(HOST, self._target)
        except OSError:
            # No process listens on the target port; the client sees what it would see without the
            # proxy.
            writer.transport.abort()
            return
        connection = _Connection(writer, behind)
        if self.is_http2:
            connection.scanners = {
                side: FrameScanner(from_client=side is Side.CLIENT) for side in Side
            }
        self._connections.add(connection)
        self.counts.connections += 1
        pumps = [
            asyncio.create_task(self._pump(connection, Side.CLIENT, reader, behind)),
            asyncio.create_task(self._pump(connection, Side.SERVER, behind_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            connection.close()
        finally:
            self._connections.discard(connection)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self,
        connection: _Connection,
        side: Side,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._flowing.wait()
                if self.weather.delay:
                    await asyncio.sleep(self.weather.delay)
                if self._is_cut(connection, side, chunk):
                    connection.abort()
                    return
                writer.write(chunk)
                await writer.drain()

    def _is_cut(self, connection: _Connection, side: Side, chunk: bytes) -> bool:
        scanner = connection.scanners.get(side)
        counts = scanner is None or scanner.holds_call(chunk)
        if self.weather.cut is not side or not counts or self.weather.cuts <= 0:
            return False
        self.weather.cuts -= 1
        self.counts.cuts += 1
        return True

"""A network of containers on this machine: a bridge, and a namespace with an address for each."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

_BRIDGE = "wanllmdb0"
_SUBNET = "10.89.77"


class Network:
    """The bridge, and the namespaces on it; needs root and iproute2."""

    def __init__(self) -> None:
        self.gateway = f"{_SUBNET}.1"
        self._names: dict[str, list[str]] = {}
        self._count = 1

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Have the bridge within the block."""
        _ip("link", "add", _BRIDGE, "type", "bridge")
        try:
            _ip("address", "add", f"{self.gateway}/24", "dev", _BRIDGE)
            _ip("link", "set", _BRIDGE, "up")
            yield
        finally:
            _ip("link", "delete", _BRIDGE)

    @contextlib.contextmanager
    def namespace(self, *names: str) -> Iterator[Path]:
        """Yield a namespace with an address of its own, which has these names."""
        self._count += 1
        number, address = self._count, f"{_SUBNET}.{self._count}"
        namespace, outer, inner = (f"wanllmdb{kind}{number}" for kind in ("", "o", "i"))
        _ip("netns", "add", namespace)
        try:
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace)
            _ip("link", "set", outer, "master", _BRIDGE, "up")
            _ip("-netns", namespace, "address", "add", f"{address}/24", "dev", inner)
            _ip("-netns", namespace, "link", "set", inner, "up")
            _ip("-netns", namespace, "link", "set", "lo", "up")
            self.add_names(address, *names)
            yield Path("/run/netns") / namespace
        finally:
            self._names.pop(address, None)
            _ip("netns", "delete", namespace)

    def add_names(self, address: str, *names: str) -> None:
        """Give an address further names."""
        self._names.setdefault(address, []).extend(names)

    def hosts(self) -> str:
        """Return the names as a file of hosts."""
        lines = [f"{address} {' '.join(names)}" for address, names in self._names.items() if names]
        return "\n".join(["127.0.0.1 localhost", *lines, ""])


@contextlib.contextmanager
def forwarded(host: str, port: int, to_port: int) -> Iterator[None]:
    """Pass on what arrives at an address to a port of 127.0.0.1, within the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="forwarding")
    thread.start()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, to_port)

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(join, host, port)

    async def close(server: asyncio.Server) -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
    # Either end may close at any time, and the end of the block cancels what is open.
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await asyncio.gather(_copy(reader, other_writer), _copy(other_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)

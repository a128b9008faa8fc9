"""Abuse of a connection other than by calls: floods, frames out of order, and silence.

Each form sends a bounded number of frames and disconnects; other clients check how the server
reacts.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable

import h2.exceptions
import hpack

from tests.fuzz.rpcs import Rpc
from tests.raw_http2 import RawConnection, framed, raw_connection

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE = range(6)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Flood = Callable[[str, Rpc, bytes, random.Random], Awaitable[None]]
"""Takes a server's address, an RPC of it, and a request's bytes."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return an HTTP/2 frame."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _headers(address: str, path: str) -> bytes:
    block: bytes = hpack.Encoder().encode(
        [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", address.encode()),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
        ]
    )
    return block


def _frames(make: Callable[[bytes, bytes, random.Random], bytes]) -> Flood:
    """Send a valid preface, and then the frames made of a header block and a message."""

    async def run(address: str, rpc: Rpc, message: bytes, rng: random.Random) -> None:
        block = _headers(address, rpc.path)
        await _send(address, PREFACE + frame(SETTINGS, 0, 0) + make(block, message, rng))

    return run


def _bytes(make: Callable[[random.Random], bytes]) -> Flood:
    async def run(address: str, _rpc: Rpc, _message: bytes, rng: random.Random) -> None:
        await _send(address, make(rng))

    return run


async def _send(address: str, data: bytes) -> None:
    """Send bytes, read the reply for a moment, and disconnect."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(2.0):
            for start in range(0, len(data), 1 << 14):
                writer.write(data[start : start + (1 << 14)])
                await writer.drain()
            while await reader.read(1 << 16):
                pass
    except (TimeoutError, ConnectionError):
        # The server keeps the connection open, or closes it.
        pass
    finally:
        writer.transport.abort()


def _with_calls(act: Callable[[RawConnection, Rpc, bytes], Awaitable[None]]) -> Flood:
    """Use a connection that is valid except for what `act` does."""

    async def run(address: str, rpc: Rpc, message: bytes, _rng: random.Random) -> None:
        try:
            async with asyncio.timeout(10.0), raw_connection(address) as connection:
                await act(connection, rpc, message)
        except (TimeoutError, OSError, h2.exceptions.H2Error):
            # The server ended the connection, or h2 allows no more frames on it.
            pass

    return run


async def _resets(connection: RawConnection, rpc: Rpc, message: bytes) -> None:
    connection.ignore_stream_limit()
    for _ in range(400):
        stream = connection.open(connection.headers_of(rpc.path))
        await connection.send(stream, framed(message), end=True)
        connection.reset(stream)


async def _resets_at_once(connection: RawConnection, rpc: Rpc, _message: bytes) -> None:
    connection.ignore_stream_limit()
    for _ in range(400):
        connection.reset(connection.open(connection.headers_of(rpc.path)))


async def _unfinished_streams(connection: RawConnection, rpc: Rpc, _message: bytes) -> None:
    connection.ignore_stream_limit()
    for _ in range(400):
        connection.open(connection.headers_of(rpc.path))
    await asyncio.sleep(0.2)


async def _pings(connection: RawConnection, _rpc: Rpc, _message: bytes) -> None:
    for _ in range(3_000):
        connection.ping()


def _unread(block: bytes, message: bytes, _rng: random.Random) -> bytes:
    no_window = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0))
    calls = [
        frame(HEADERS, END_HEADERS, stream, block)
        + frame(DATA, END_STREAM, stream, framed(message))
        for stream in range(1, 200, 2)
    ]
    return no_window + b"".join(calls)


def _table_bomb(block: bytes, _message: bytes, _rng: random.Random) -> bytes:
    # One entry of the dynamic table, then thousands of one-byte references to it.
    entry = b"\x40" + b"\x01x" + b"\x7f" + b"\xa1\x1e" + b"v" * 4_000
    return frame(HEADERS, END_HEADERS | END_STREAM, 1, block + entry + b"\xbe" * 8_000)


def _call(stream: int, block: bytes, message: bytes) -> bytes:
    return frame(HEADERS, END_HEADERS, stream, block) + frame(
        DATA, END_STREAM, stream, framed(message)
    )


def _padded(block: bytes, _message: bytes, _rng: random.Random) -> bytes:
    padding = frame(DATA, PADDED, 1, b"\xff" + bytes(255))
    return frame(HEADERS, END_HEADERS, 1, block) + padding * 240


_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(189)

RAW_FLOODS: dict[str, Flood] = {
    "rapid resets of calls": _with_calls(_resets),
    "resets right after headers": _with_calls(_resets_at_once),
    "streams that are never finished": _with_calls(_unfinished_streams),
    "pings": _with_calls(_pings),
    "settings": _frames(lambda *_: frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 7)) * 2_000),
    "empty data": _frames(
        lambda block, *_: frame(HEADERS, END_HEADERS, 1, block) + frame(DATA, 0, 1) * 3_000
    ),
    "padding": _frames(_padded),
    "unread answers": _frames(_unread),
    "continuations without end": _frames(
        lambda block, *_: (
            frame(HEADERS, 0, 1, block)
            + frame(CONTINUATION, 0, 1, b"\x00\x01a\x7f\x00" + b"v" * 127) * 3_000
        )
    ),
    "empty continuations": _frames(
        lambda block, *_: frame(HEADERS, 0, 1, block) + frame(CONTINUATION, 0, 1) * 3_000
    ),
    "a bomb of the header table": _frames(_table_bomb),
    "a broken header block": _frames(
        lambda _block, _m, rng: frame(HEADERS, END_HEADERS, 1, rng.randbytes(200))
    ),
    "priorities": _frames(
        lambda *_: b"".join(frame(PRIORITY, 0, 2 * n + 1, bytes(5)) for n in range(3_000))
    ),
    "a stream that depends on itself": _frames(lambda *_: frame(PRIORITY, 0, 1, b"\0\0\0\1\0")),
    "data after the end": _frames(
        lambda block, m, _: _call(1, block, m) + frame(DATA, 0, 1, framed(m)) * 50
    ),
    "data on no stream": _frames(lambda *_: frame(DATA, 0, 0, b"x") + frame(DATA, 0, 99, b"x")),
    "an even stream": _frames(lambda block, m, _: _call(2, block, m)),
    "a stream used twice": _frames(lambda block, m, _: _call(1, block, m) * 2),
    "a stream before the last": _frames(
        lambda block, m, _: _call(9, block, m) + _call(3, block, m)
    ),
    "a window too wide": _frames(
        lambda block, *_: (
            frame(HEADERS, END_HEADERS, 1, block)
            + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff") * 3
        )
    ),
    "a window of none": _frames(lambda *_: frame(WINDOW_UPDATE, 0, 0, bytes(4))),
    "settings of a wrong length": _frames(lambda *_: frame(SETTINGS, 0, 0, bytes(5))),
    "unknown settings": _frames(
        lambda _b, _m, rng: b"".join(
            frame(SETTINGS, 0, 0, struct.pack(">HI", rng.randrange(65_536), rng.getrandbits(32)))
            for _ in range(500)
        )
    ),
    "unknown frames": _frames(
        lambda _b, _m, rng: b"".join(
            frame(rng.randint(10, 255), rng.randrange(256), 0, bytes(20)) for _ in range(2_000)
        )
    ),
    "a frame too long": _frames(lambda *_: b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(90_000)),
    "a promise of a client": _frames(lambda block, *_: frame(PUSH_PROMISE, 4, 1, bytes(4) + block)),
    "a reset of no stream": _frames(lambda *_: frame(RST_STREAM, 0, 77, bytes(4)) * 500),
    "a call after going away": _frames(
        lambda block, m, _: frame(GOAWAY, 0, 0, bytes(8)) + _call(1, block, m)
    ),
    "frames at random": _frames(
        lambda _b, _m, rng: b"".join(
            frame(rng.randrange(12), rng.randrange(256), rng.randrange(8), rng.randbytes(30))
            for _ in range(200)
        )
    ),
    "a preface that is none": _bytes(lambda rng: rng.randbytes(500)),
    "half a preface": _bytes(lambda rng: PREFACE[: rng.randint(1, len(PREFACE) - 1)]),
    "nothing at all": _bytes(lambda _rng: b""),
    "HTTP/1.1": _bytes(
        lambda _rng: b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 9_000 + b"\r\n\r\n"
    ),
    "an upgrade to HTTP/2": _bytes(
        lambda _rng: b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    ),
    "a TLS handshake": _bytes(lambda _rng: _HELLO),
}


async def _slow(address: str, rpc: Rpc, message: bytes, _rng: random.Random) -> None:
    """Send a call byte by byte and stop in the middle."""
    data = PREFACE + frame(SETTINGS, 0, 0) + _call(1, _headers(address, rpc.path), message)
    host, _, port = address.rpartition(":")
    _reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for byte in data[: len(data) * 3 // 4]:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.002)
    except ConnectionError:
        # The server did not wait.
        pass
    finally:
        writer.transport.abort()


async def _half_closed(address: str, rpc: Rpc, message: bytes, _rng: random.Random) -> None:
    """Send half a call and close one side of its connection."""
    block = _headers(address, rpc.path)
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, block))
        writer.write(frame(DATA, 0, 1, framed(message)[:3]))
        writer.write_eof()
        async with asyncio.timeout(2.0):
            while await reader.read(1 << 16):
                pass
    except (TimeoutError, ConnectionError):
        # The server keeps its side open, or closes it.
        pass
    finally:
        writer.transport.abort()


RAW_FLOODS |= {"slow bytes": _slow, "a half-closed connection": _half_closed}

"""An HTTP/2 connection to a gRPC server on which a test can send any bytes.

gRPC's own clients reject most of what a hostile caller sends: metadata that is not UTF-8, two
paths, broken base64, headers without a message, a reset right after the headers.

    async with raw_connection(address) as connection:
        answer = await connection.call("/package.Service/Rpc", b"...", [(b"x-any", b"\\xff")])
        assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import grpc
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from google.rpc import status_pb2

Header = tuple[bytes, bytes]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass
class Answer:
    """The answer on one stream.

    Attributes:
        headers: The first block of headers, or the only one.
        trailers: The second block; empty if there was only one.
        data: The bytes in between.
        reset: The code of a RST_STREAM, or None.
        is_lost: Whether the connection ended first.
    """

    headers: list[Header] = field(default_factory=list)
    trailers: list[Header] = field(default_factory=list)
    data: bytes = b""
    reset: int | None = None
    is_lost: bool = False

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header or trailer, or None if it is absent."""
        for key, value in (*self.trailers, *self.headers):
            if key == name:
                return value
        return None

    @property
    def code(self) -> grpc.StatusCode | None:
        """gRPC's status, or None if the stream ended without one."""
        text = self.header(b"grpc-status")
        return None if text is None else _CODES[int(text)]

    @property
    def text(self) -> str:
        """gRPC's message."""
        return unquote_to_bytes(self.header(b"grpc-message") or b"").decode(errors="replace")

    @property
    def status(self) -> status_pb2.Status:
        """The status details; empty if there are none."""
        packed = self.header(b"grpc-status-details-bin") or b""
        return status_pb2.Status.FromString(base64.b64decode(packed + b"=" * (-len(packed) % 4)))

    @property
    def messages(self) -> list[bytes]:
        """The messages in the data."""
        found, at = [], 0
        while at + 5 <= len(self.data):
            size = int.from_bytes(self.data[at + 1 : at + 5])
            found.append(self.data[at + 5 : at + 5 + size])
            at += 5 + size
        return found


class RawConnection:
    """One connection; created by `raw_connection`.

    Attributes:
        address: The server's address, host:port.
        goaway: The code with which the server ended the connection; None until then.
        is_open: Whether the server has not closed the connection.
    """

    def __init__(
        self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.address = address
        self.goaway: int | None = None
        self.is_open = True
        self._reader = reader
        self._writer = writer
        self._h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )
        self._answers: dict[int, Answer] = {}
        self._ended: dict[int, asyncio.Future[Answer]] = {}
        self._windows_changed = asyncio.Event()
        self._settings_came = asyncio.Event()
        self._data_came = asyncio.Event()

    async def start(self) -> None:
        """Send the preface and wait for the server's settings."""
        self._h2.initiate_connection()
        self.flush()
        await self._settings_came.wait()

    async def read(self) -> None:
        """Read the server's frames until it closes the connection."""
        try:
            while data := await self._reader.read(1 << 16):
                for event in self._h2.receive_data(data):
                    self._take(event)
                self.flush()
        except (OSError, h2.exceptions.ProtocolError):
            # The peer closed the connection, or sent frames that no server sends.
            pass
        finally:
            self.is_open = False
            self._settings_came.set()
            self._windows_changed.set()
            for stream in list(self._ended):
                self._lose(stream)

    @property
    def max_concurrent_streams(self) -> int:
        """The number of streams that the server allows at once."""
        return int(self._h2.remote_settings.max_concurrent_streams)

    def ignore_stream_limit(self) -> None:
        """Allow more open streams than the server's limit."""
        settings = self._h2.remote_settings
        settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 2**31 - 1
        settings.acknowledge()

    def headers_of(
        self, path: str | bytes, metadata: Iterable[Header] = (), **pseudo: bytes | None
    ) -> list[Header]:
        """Return the headers of a gRPC call.

        Args:
            path: /package.Service/Rpc
            metadata: Headers after the usual ones.
            **pseudo: Other values of `method`, `scheme`, `authority`, `content_type` and `te`;
                None omits the header.
        """
        usual: dict[str, bytes | None] = {
            "method": b"POST",
            "scheme": b"http",
            "authority": self.address.encode(),
            "te": b"trailers",
            "content_type": b"application/grpc",
        }
        usual |= pseudo
        names = {"te": b"te", "content_type": b"content-type"}
        found = [
            (names.get(name) or b":" + name.encode(), value)
            for name, value in usual.items()
            if value is not None
        ]
        whole_path = path.encode() if isinstance(path, str) else path
        return [*found[:1], (b":path", whole_path), *found[1:], *metadata]

    def open(self, headers: Sequence[Header], *, end: bool = False) -> int:
        """Send headers on a new stream and return its number.

        Raises:
            h2.exceptions.H2Error: The connection or its limit of streams forbids the stream.
        """
        stream = self._h2.get_next_available_stream_id()
        self._answers[stream] = Answer()
        self._ended[stream] = asyncio.get_running_loop().create_future()
        self._h2.send_headers(stream, list(headers), end_stream=end)
        self.flush()
        if not self.is_open:
            self._lose(stream)
        return stream

    async def send(self, stream: int, data: bytes, *, end: bool = False) -> None:
        """Send bytes on a stream as fast as the server reads them, until the stream ends."""
        while data and self.is_open and not self.has_ended(stream):
            self._windows_changed.clear()
            room = self._h2.local_flow_control_window(stream)
            room = min(room, self._h2.max_outbound_frame_size, len(data))
            if room <= 0:
                await self._windows_changed.wait()
                continue
            self._h2.send_data(stream, data[:room])
            data = data[room:]
            self.flush()
            await self._writer.drain()
        if end and self.is_open and not self.has_ended(stream):
            self._h2.end_stream(stream)
            self.flush()

    def reset(self, stream: int) -> None:
        """Cancel a stream."""
        self._h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        self.flush()

    def ping(self) -> None:
        """Send a PING."""
        self._h2.ping(bytes(8))
        self.flush()

    def write(self, data: bytes) -> None:
        """Send raw bytes, for example frames that break the protocol."""
        self._writer.write(data)

    def flush(self) -> None:
        """Send all buffered bytes."""
        data = self._h2.data_to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)

    async def answer(self, stream: int) -> Answer:
        """Return the answer once the stream or the connection has ended."""
        if stream in self._ended:
            await asyncio.shield(self._ended[stream])
        return self._answers[stream]

    async def receiving(self, stream: int) -> None:
        """Wait until the stream has received data or ended."""
        while not self._answers[stream].data and not self.has_ended(stream):
            self._data_came.clear()
            await self._data_came.wait()

    def has_ended(self, stream: int) -> bool:
        """Return whether the stream receives nothing more."""
        return stream not in self._ended

    async def call(
        self,
        path: str | bytes,
        message: bytes,
        metadata: Iterable[Header] = (),
        **pseudo: bytes | None,
    ) -> Answer:
        """Return the answer to a call with one message."""
        stream = self.open(self.headers_of(path, metadata, **pseudo))
        await self.send(stream, framed(message), end=True)
        return await self.answer(stream)

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RemoteSettingsChanged():
                self._settings_came.set()
                self._windows_changed.set()
            case h2.events.WindowUpdated():
                self._windows_changed.set()
            case h2.events.ResponseReceived():
                self._answers[event.stream_id].headers = _pairs(event.headers)
            case h2.events.TrailersReceived():
                self._answers[event.stream_id].trailers = _pairs(event.headers)
            case h2.events.DataReceived():
                self._answers[event.stream_id].data += event.data
                self._data_came.set()
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self._end(event.stream_id)
            case h2.events.StreamReset():
                if event.stream_id in self._answers:
                    self._answers[event.stream_id].reset = event.error_code
                    self._end(event.stream_id)
            case h2.events.ConnectionTerminated():
                self.goaway = event.error_code

    def _lose(self, stream: int) -> None:
        self._answers[stream].is_lost = True
        self._end(stream)

    def _end(self, stream: int) -> None:
        ended = self._ended.pop(stream, None)
        if ended is not None and not ended.done():
            ended.set_result(self._answers[stream])
        self._data_came.set()
        self._windows_changed.set()


@contextlib.asynccontextmanager
async def raw_connection(
    address: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[RawConnection]:
    """Connect to a server at host:port for the block, over TLS if a context is given."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=tls)
    connection = RawConnection(address, reader, writer)
    reading = asyncio.create_task(connection.read())
    try:
        await connection.start()
        yield connection
    finally:
        writer.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def framed(message: bytes) -> bytes:
    """Return a message with gRPC's length prefix."""
    return bytes(1) + len(message).to_bytes(4) + message


def _pairs(headers: Iterable[tuple[str | bytes, str | bytes]] | None) -> list[Header]:
    return [
        (
            name if isinstance(name, bytes) else name.encode(),
            value if isinstance(value, bytes) else value.encode(),
        )
        for name, value in headers or ()
    ]

"""Serves the application by granian: HTTP/1.1, and HTTP/2 over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server

from wanllmdb_common.server.listening import PortTakenError
from wanllmdb_common.server.tls import TlsFileError, TlsFiles, check_tls_files, file_signature
from wanllmdb_gateway.http import Receive, Scope, Send
from wanllmdb_gateway.settings import GatewaySettings

_BACKLOG = 1_024
# A connection whose peer vanished without closing it is closed after the sum of them.
_KEEPALIVE_SECONDS = 60
_PROBES, _PROBE_SECONDS = 3, 10
_HTTP2_PING_MS = 30_000
_HTTP2_PING_TIMEOUT = 20
# Calls in progress at once on one connection of HTTP/2.
_STREAMS_OF_CONNECTION = 200
# The least seconds for closing connections.
_STOP_SECONDS = 0.1

TLS_VERSION = SSLProtocols.tls12
# Seconds between two looks at the TLS files.
TLS_INTERVAL = 5.0

log = structlog.get_logger(__name__)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def listening_socket(settings: GatewaySettings) -> socket.socket:
    """Open the port.

    The gateway opens it itself, because granian does not report a free port that the system
    chose, and would share a port that another process has.

    Raises:
        PortTakenError: the address can't be bound.
    """
    host = settings.host.removeprefix("[").removesuffix("]")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, proto)
    except OSError as error:
        raise PortTakenError(f"can't listen on {host}: {error.strerror}") from None
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit them.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # Otherwise the end of an answer waits 40 ms for the receipt of its message.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _KEEPALIVE_SECONDS),
            ("TCP_KEEPINTVL", _PROBE_SECONDS),
            ("TCP_KEEPCNT", _PROBES),
            # A connection takes a place once its first bytes have arrived.
            ("TCP_DEFER_ACCEPT", int(settings.body_timeout) + 1),
        ):
            if hasattr(socket, name):
                opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError:
        opened.close()
        raise PortTakenError(
            f"can't listen on {host}:{settings.port}: the port is taken or the address does not "
            "belong to this machine; choose another port with --port, or --port 0 for a free one"
        ) from None
    return opened


def check_tls(settings: GatewaySettings) -> None:
    """Check that the TLS files can be used.

    Raises:
        TlsFileError: a file can't be used.
    """
    if settings.tls_cert is not None and settings.tls_key is not None:
        check_tls_files(TlsFiles(settings.tls_cert, settings.tls_key))


class _Server(Server):
    """A server on a socket that is open already."""

    def __init__(self, opened: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opened = opened

    def _init_shared_socket(self) -> None:
        # Granian closes the descriptor.
        make: Any = SocketHolder
        holder = make(self._opened.detach(), False, _BACKLOG)
        self._shd, self._sfd = holder, holder.get_fd()
        self._ssp = None

    def use_tls_files(self, cert: Path, key: Path) -> None:
        """Replace the worker that accepts connections by one with these files."""
        self.build_ssl_context(cert, key, None, TLS_VERSION, None, [], False)
        respawn: Callable[[], None] = self.reload
        respawn()


async def _follow(server: Any, settings: GatewaySettings) -> None:
    """Serve new connections with new TLS files once they have changed; open ones stay.

    New files that can't be used are logged as an error, and the old ones stay in use.
    """
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        return
    seen = file_signature(cert), file_signature(key)
    while True:
        await asyncio.sleep(TLS_INTERVAL)
        found = await asyncio.to_thread(lambda: (file_signature(cert), file_signature(key)))
        if found == seen:
            continue
        try:
            await asyncio.to_thread(check_tls, settings)
        except TlsFileError as error:
            seen = found
            problem = str(error)
            log.error("can't load the new TLS files; the old ones stay in use", problem=problem)  # noqa: TRY400  # the text is complete
            continue
        if await asyncio.to_thread(lambda: (file_signature(cert), file_signature(key))) != found:
            # The files are still being written.
            continue
        seen = found
        server.use_tls_files(cert, key)
        log.info("loaded new TLS files", files=[str(cert), str(key)])


@contextlib.asynccontextmanager
async def serving(
    application: Application, opened: socket.socket, settings: GatewaySettings
) -> AsyncIterator[None]:
    """Serve within the block; at its end connections are closed, in a tenth of the grace period."""
    server: Any = _Server(
        opened,
        application,
        interface=Interfaces.ASGINL,
        # No browser speaks HTTP/2 without TLS, and only a server of HTTP/1 alone closes a
        # connection on which nothing arrives: the other waits for the first bytes without end.
        http=HTTPModes.auto if settings.has_tls else HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        # The requests that granian hands over at once; calls and streams have smaller limits.
        backpressure=settings.max_connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.body_timeout * 1000),
            max_buffer_size=max(settings.max_header_bytes * 2, 64 * 1024),
        ),
        http2_settings=HTTP2Settings(
            keep_alive_interval=_HTTP2_PING_MS,
            keep_alive_timeout=_HTTP2_PING_TIMEOUT,
            max_concurrent_streams=_STREAMS_OF_CONNECTION,
            max_headers_size=settings.max_header_bytes * 2,
        ),
        log_access=False,
        # Its lines go where the others go.
        log_dictconfig={"loggers": {}},
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        ssl_protocol_min=TLS_VERSION,
    )
    logging.getLogger("_granian").setLevel(logging.ERROR)
    is_serving = True
    task = asyncio.create_task(server.serve(), name="granian")
    task.add_done_callback(lambda _: log.error("the HTTP server ended") if is_serving else None)
    follower = asyncio.create_task(_follow(server, settings), name="TLS files of the gateway")
    try:
        yield
    finally:
        is_serving = False
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        server.stop()
        done, _ = await asyncio.wait([task], timeout=max(settings.grace / 10, _STOP_SECONDS))
        if not done:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def url_of(port: int, settings: GatewaySettings) -> str:
    """Return the address that browsers on this machine open."""
    host = settings.host.removeprefix("[").removesuffix("]")
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    if ":" in shown:
        shown = f"[{shown}]"
    scheme = "https" if settings.has_tls else "http"
    return f"{scheme}://{shown}:{port}"

"""The channel to the replicas of one service: load balancing, keepalive and TLS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import grpc
import grpc.aio
import structlog

from wanllmdb import InvalidArgumentError
from wanllmdb._connection.addresses import Service, authority_of, is_loopback, target_of
from wanllmdb._connection.tls import Tls, channel_credentials
from wanllmdb_common.server.tls import FileSignature, file_signature

log = structlog.get_logger(__name__)

_Signature: TypeAlias = "tuple[FileSignature | None, ...]"


def is_on_this_machine(address: str, service: Service) -> bool:
    """Return whether a service at this address is reached without leaving this machine.

    Raises:
        wanllmdb.InvalidArgumentError: the address is malformed, or a name does not resolve.
    """
    return is_loopback(target_of(address, service))


def check_tls(tls: Tls | None) -> None:
    """Check that a channel can be opened with this TLS configuration.

    Raises:
        wanllmdb.InvalidArgumentError: a file can't be used, or another file must be given
            with it.
    """
    if tls is not None:
        channel_credentials(tls)


class ServiceChannel:
    """The channel to a service, reopened when TLS files change; an async context manager.

    Calls in progress on the old channel may finish there, for at most `grace` seconds. New
    files that can't be used are logged as an error, and the old files stay in use.

    Args:
        service: The service.
        address: `host:port`, several of them separated by commas, or a gRPC target.
        tls: The TLS configuration; None for plain text.
        use: Called with the channel, and with each new one.
        grace: Seconds for calls in progress on an old channel.
        max_message_bytes: The largest message that the service may send.
        interval: Seconds between two checks of the files.
    """

    def __init__(
        self,
        service: Service,
        address: str,
        tls: Tls | None,
        use: Callable[[grpc.aio.Channel], None],
        *,
        grace: float,
        max_message_bytes: int,
        interval: float = 5.0,
    ) -> None:
        self._service = service
        self._address = address
        self._tls = tls
        self._use = use
        self._grace = grace
        self._max_message_bytes = max_message_bytes
        self._interval = interval
        self._channel: grpc.aio.Channel | None = None
        self._follower: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        files = [] if self._tls is None else _files(self._tls)
        seen = _signature(files)
        self._change(self._credentials())
        if files:
            self._follower = asyncio.create_task(self._follow(files, seen))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        tasks = [task for task in (self._follower, *self._closing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()

    async def _follow(self, files: Sequence[Path], seen: _Signature) -> None:
        while True:
            await asyncio.sleep(self._interval)
            found = await asyncio.to_thread(_signature, files)
            if found == seen:
                continue
            try:
                credentials = await asyncio.to_thread(self._credentials)
            except InvalidArgumentError as error:
                seen = found
                problem = str(error)
                log.error("can't load the new TLS files; the old ones stay in use", problem=problem)  # noqa: TRY400  # the text is complete
                continue
            if await asyncio.to_thread(_signature, files) != found:
                # The files are still being written.
                continue
            try:
                self._change(credentials)
            except InvalidArgumentError as error:
                # A name does not resolve now, but may at the next check.
                problem = str(error)
                log.error("can't use the new TLS files yet", problem=problem)  # noqa: TRY400  # the text is complete
                continue
            seen = found
            log.info("loaded new TLS files", files=[str(file) for file in files])

    def _credentials(self) -> grpc.ChannelCredentials | None:
        return None if self._tls is None else channel_credentials(self._tls)

    def _change(self, credentials: grpc.ChannelCredentials | None) -> None:
        old, self._channel = self._channel, self._open(credentials)
        self._use(self._channel)
        if old is not None:
            closing = asyncio.create_task(old.close(self._grace))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def _open(self, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
        target = target_of(self._address, self._service)
        options: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(_service_config(self._service))),
            ("grpc.max_receive_message_length", self._max_message_bytes),
            # gRPC sends no request again that is larger than this; the default is 256 KiB.
            ("grpc.per_rpc_retry_buffer_size", self._max_message_bytes),
            # An error that lists every invalid field travels as metadata, whose default limit
            # is 8 KiB.
            ("grpc.max_metadata_size", 64 * 1024),
            ("grpc.absolute_max_metadata_size", 128 * 1024),
            # A server bounds the calls of one connection, which several channels would share.
            ("grpc.use_local_subchannel_pool", 1),
            # The default waits up to two minutes before the next attempt to connect.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            # The longest time to establish a connection.
            ("grpc.min_reconnect_backoff_ms", 3_000),
            # The server permits no shorter interval, see wanllmdb_common.server.listening.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            # An HTTP proxy can't reach services on this machine's loopback addresses.
            ("grpc.enable_http_proxy", 0 if is_loopback(target) else 1),
        ]
        if self._tls is None or credentials is None:
            return grpc.aio.insecure_channel(target, options=options)
        name = self._tls.server_name or authority_of(self._address, self._service)
        if name is not None:
            options.append(("grpc.default_authority", name))
        return grpc.aio.secure_channel(target, credentials, options=options)


def _service_config(service: Service) -> dict[str, Any]:
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        # A replica that is shutting down gets no more calls.
        "healthCheckConfig": {"serviceName": service.full_name},
    }


def _files(tls: Tls) -> list[Path]:
    return [Path(file) for file in (tls.ca, tls.cert, tls.key) if file is not None]


def _signature(files: Sequence[Path]) -> _Signature:
    return tuple(file_signature(file) for file in files)

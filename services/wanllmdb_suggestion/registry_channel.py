"""The channel to the registry's replicas: how calls are spread and kept alive."""

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
from wanllmdb._connection.addresses import REGISTRY, authority_of, is_loopback, target_of
from wanllmdb._connection.tls import Tls, channel_credentials
from wanllmdb_common.server.tls import FileSignature, file_signature

log = structlog.get_logger(__name__)

_Signature: TypeAlias = "tuple[FileSignature | None, ...]"

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    # A replica that is about to stop gets no more calls.
    "healthCheckConfig": {"serviceName": REGISTRY.full_name},
}


def registry_target(address: str) -> str:
    """The gRPC target for `host:port`, several of them with commas between, or a gRPC target.

    Raises:
        wanllmdb.InvalidArgumentError: it is none of these, or a name does not resolve.
    """
    return target_of(address, REGISTRY)


def is_on_this_machine(address: str) -> bool:
    """Whether what is sent to a registry at this address leaves the machine by no means."""
    return is_loopback(registry_target(address))


def check_tls(tls: Tls | None) -> None:
    """Passes if a channel can be opened so.

    Raises:
        wanllmdb.InvalidArgumentError: a file can't be used, or lacks another one.
    """
    if tls is not None:
        channel_credentials(tls)


class RegistryChannel:
    """The channel; with TLS files, a new one whenever they change. An async context manager.

    What runs on the one before goes on there to its end, for `grace` seconds at most.
    New files that can't be used are an error in the log, and those before go on being
    used.

    Args:
        address: See `registry_target`.
        tls: None for plain text.
        use: Is given the channel, and each new one.
        grace: Seconds.
        interval: Seconds between two looks at the files.
    """

    def __init__(
        self,
        address: str,
        tls: Tls | None,
        use: Callable[[grpc.aio.Channel], None],
        *,
        grace: float,
        interval: float = 5.0,
    ) -> None:
        self._address = address
        self._tls = tls
        self._use = use
        self._grace = grace
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
                log.error("new TLS files not taken, the old ones stay", problem=problem)  # noqa: TRY400  # the text says all
                continue
            if await asyncio.to_thread(_signature, files) != found:
                # They are being written.
                continue
            try:
                self._change(credentials)
            except InvalidArgumentError as error:
                # A name that does not resolve, and may the next time.
                problem = str(error)
                log.error("new TLS files not taken yet, the old ones stay", problem=problem)  # noqa: TRY400  # the text says all
                continue
            seen = found
            log.info("new TLS files taken", files=[str(file) for file in files])

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
        target = registry_target(self._address)
        options: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
            # Pages of thousands of runs pass the default of 4 MiB.
            ("grpc.max_receive_message_length", 64 * 1024 * 1024),
            # The default waits up to two minutes before it looks for a registry again.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            # How long a connection may take to come about.
            ("grpc.min_reconnect_backoff_ms", 3_000),
            # Not more often than the server permits, see wanllmdb_common.server.listening.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            # A proxy for the world outside can't reach this machine's own services.
            ("grpc.enable_http_proxy", 0 if is_loopback(target) else 1),
        ]
        if self._tls is None or credentials is None:
            return grpc.aio.insecure_channel(target, options=options)
        name = self._tls.server_name or authority_of(self._address, REGISTRY)
        if name is not None:
            options.append(("grpc.default_authority", name))
        return grpc.aio.secure_channel(target, credentials, options=options)


def _files(tls: Tls) -> list[Path]:
    return [Path(file) for file in (tls.ca, tls.cert, tls.key) if file is not None]


def _signature(files: Sequence[Path]) -> _Signature:
    return tuple(file_signature(file) for file in files)

"""The channels to both services, and whether the services answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from wanllmdb._connection.addresses import REGISTRY, SUGGESTION, Service
from wanllmdb.api.registry.v1 import key_service_pb2, key_service_pb2_grpc
from wanllmdb_common.calls.authentication import AUTHORIZATION_KEY
from wanllmdb_common.calls.call import REQUEST_ID_KEY
from wanllmdb_common.server.health import READINESS
from wanllmdb_common.service_channel import ServiceChannel
from wanllmdb_gateway.allowed_rpcs import AllowedRpc
from wanllmdb_gateway.settings import GatewaySettings

SERVICES = (REGISTRY, SUGGESTION)
# Seconds for calls in progress on a channel that is replaced after its TLS files changed.
_GRACE = 60.0
_GET_CALLER_SECONDS = 10.0


# Fewer than the calls that the services accept on one connection.
STREAMS_OF_CHANNEL = 250


class _StreamChannel:
    """The streams of one channel: how each RPC is called, and how many are open."""

    def __init__(self) -> None:
        self.calls: dict[str, Any] = {}
        self.open = 0

    def closed(self, _call: object) -> None:
        """Count one stream less."""
        self.open -= 1


class NotReadyError(Exception):
    """A service is not ready."""


class Backends:
    """Calls of both services, with messages as bytes; an async context manager.

    Each service has a channel for calls that end by themselves, and others for streams: a
    server bounds the calls of one connection, and gRPC holds further ones back without a word.
    A channel connects when it is first used.

    Args:
        settings: The addresses and their TLS.
        rpcs: The RPCs that may be called.
    """

    def __init__(self, settings: GatewaySettings, rpcs: list[AllowedRpc]) -> None:
        self._settings = settings
        self._rpcs = rpcs
        self._calls: dict[str, Any] = {}
        self._streams = [
            _StreamChannel() for _ in range(-(-settings.max_streams // STREAMS_OF_CHANNEL))
        ]
        self._health: dict[str, Any] = {}
        self._get_caller: Any = None
        self._stack = AsyncExitStack()
        self.unready: set[str] = {service.name for service in SERVICES}
        """The names of the services that were not ready at the last look."""
        self.has_looked = False
        """Whether there was a look."""

    async def __aenter__(self) -> Self:
        for service in SERVICES:
            await self._open(service, partial(self._use, service))
            if any(rpc.is_stream and rpc.service == service for rpc in self._rpcs):
                for streams in self._streams:
                    await self._open(service, partial(self._use_for_streams, service, streams))
        return self

    async def _open(self, service: Service, use: Callable[[grpc.aio.Channel], None]) -> None:
        settings = self._settings
        address = settings.registry if service == REGISTRY else settings.suggestion
        await self._stack.enter_async_context(
            ServiceChannel(
                service,
                address,
                settings.tls_to_services,
                use,
                grace=_GRACE,
                max_message_bytes=settings.max_message_bytes,
            )
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _use(self, service: Service, channel: grpc.aio.Channel) -> None:
        """Send further calls of a service over a channel."""
        for rpc in self._rpcs:
            if rpc.service == service and not rpc.is_stream:
                # Without serializers, messages are bytes.
                self._calls[rpc.path] = channel.unary_unary(rpc.path)
        self._health[service.name] = health_pb2_grpc.HealthStub(channel)
        if service == REGISTRY:
            self._get_caller = key_service_pb2_grpc.KeyServiceStub(channel).GetCaller

    def _use_for_streams(
        self, service: Service, streams: _StreamChannel, channel: grpc.aio.Channel
    ) -> None:
        for rpc in self._rpcs:
            if rpc.service == service and rpc.is_stream:
                streams.calls[rpc.path] = channel.unary_stream(rpc.path)

    def call(
        self,
        rpc: AllowedRpc,
        request: bytes,
        metadata: tuple[tuple[str, str], ...],
        timeout: float | None,
    ) -> Any:
        """Start a call; returns gRPC's call object, whose messages are bytes."""
        if not rpc.is_stream:
            return self._calls[rpc.path](request, metadata=metadata, timeout=timeout)
        # The first channel with a place, so that few are connected.
        streams = next(
            (each for each in self._streams if each.open < STREAMS_OF_CHANNEL), self._streams[0]
        )
        sent = streams.calls[rpc.path](request, metadata=metadata, timeout=timeout)
        streams.open += 1
        sent.add_done_callback(streams.closed)
        return sent

    async def get_caller(self, key_text: str, request_id: str) -> key_service_pb2.GetCallerResponse:
        """Return the owner of a key, as the registry knows it.

        Raises:
            grpc.aio.AioRpcError: the registry does not know the key, or does not answer.
        """
        metadata = ((AUTHORIZATION_KEY, f"Bearer {key_text}"), (REQUEST_ID_KEY, request_id))
        return await self._ask_caller(metadata)

    async def requires_keys(self) -> bool:
        """Return whether the registry requires keys.

        Raises:
            grpc.aio.AioRpcError: the registry does not answer.
        """
        try:
            answer = await self._ask_caller(())
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return True
            raise
        return answer.keys_required

    async def _ask_caller(
        self, metadata: tuple[tuple[str, str], ...]
    ) -> key_service_pb2.GetCallerResponse:
        request = key_service_pb2.GetCallerRequest()
        answer: key_service_pb2.GetCallerResponse = await self._get_caller(
            request, metadata=metadata, timeout=_GET_CALLER_SECONDS
        )
        return answer

    async def check_ready(self) -> None:
        """Check that both services answer and are ready.

        Raises:
            NotReadyError: one of them is not.
        """
        await asyncio.gather(*(self._look_at(service.name) for service in SERVICES))
        self.has_looked = True
        if self.unready:
            raise NotReadyError(", ".join(sorted(self.unready)))

    async def _look_at(self, name: str) -> None:
        request = health_pb2.HealthCheckRequest(service=READINESS)
        # In doubt, also when this look takes too long and is canceled.
        is_ready = False
        try:
            answer = await self._health[name].Check(request)
            is_ready = answer.status == health_pb2.HealthCheckResponse.SERVING
        except grpc.aio.AioRpcError:
            is_ready = False
        finally:
            (self.unready.discard if is_ready else self.unready.add)(name)


def readiness_of(backends: Backends) -> Mapping[str, bool]:
    """Return whether each service was ready at the last look, by its name."""
    return {service.name: service.name not in backends.unready for service in SERVICES}

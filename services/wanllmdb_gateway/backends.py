"""The channels to both services, and whether the services answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
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


class NotReadyError(Exception):
    """A service is not ready."""


class Backends:
    """Calls of both services, with messages as bytes; an async context manager.

    Args:
        settings: The addresses and their TLS.
        rpcs: The RPCs that may be called.
    """

    def __init__(self, settings: GatewaySettings, rpcs: list[AllowedRpc]) -> None:
        self._settings = settings
        self._rpcs = rpcs
        self._calls: dict[str, Any] = {}
        self._health: dict[str, Any] = {}
        self._get_caller: Any = None
        self._stack = AsyncExitStack()
        self.unready: set[str] = {service.name for service in SERVICES}
        """The names of the services that were not ready at the last look."""

    async def __aenter__(self) -> Self:
        addresses = {
            REGISTRY.name: self._settings.registry,
            SUGGESTION.name: self._settings.suggestion,
        }
        for service in SERVICES:
            await self._stack.enter_async_context(
                ServiceChannel(
                    service,
                    addresses[service.name],
                    self._settings.tls_to_services,
                    _User(self, service),
                    grace=_GRACE,
                    max_message_bytes=self._settings.max_message_bytes,
                )
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def use(self, service: Service, channel: grpc.aio.Channel) -> None:
        """Send further calls of a service over a channel."""
        for rpc in self._rpcs:
            if rpc.service == service:
                make = channel.unary_stream if rpc.is_stream else channel.unary_unary
                # Without serializers, messages are bytes.
                self._calls[rpc.path] = make(rpc.path)
        self._health[service.name] = health_pb2_grpc.HealthStub(channel)
        if service == REGISTRY:
            self._get_caller = key_service_pb2_grpc.KeyServiceStub(channel).GetCaller

    def call(
        self,
        path: str,
        request: bytes,
        metadata: tuple[tuple[str, str], ...],
        timeout: float | None,
    ) -> Any:
        """Start a call; returns gRPC's call object, whose messages are bytes."""
        return self._calls[path](request, metadata=metadata, timeout=timeout)

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


class _User:
    """Takes each new channel of a service."""

    def __init__(self, backends: Backends, service: Service) -> None:
        self._backends = backends
        self._service = service

    def __call__(self, channel: grpc.aio.Channel) -> None:
        self._backends.use(self._service, channel)


def readiness_of(backends: Backends) -> Mapping[str, bool]:
    """Return whether each service was ready at the last look, by its name."""
    return {service.name: service.name not in backends.unready for service in SERVICES}

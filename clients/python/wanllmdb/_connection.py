"""How the clients send calls: the blocking way and the asynchronous one, side by side."""

from __future__ import annotations

import asyncio
import copy
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import grpc
import grpc.aio

from wanllmdb import _env
from wanllmdb._addresses import REGISTRY, SUGGESTION, Service
from wanllmdb._credentials import Credentials
from wanllmdb._errors import WanllmdbError
from wanllmdb._tls import Tls
from wanllmdb._transport import Peer
from wanllmdb._wire.call import Call, Page
from wanllmdb.api.registry.v1.key_service_pb2_grpc import KeyServiceStub
from wanllmdb.api.registry.v1.registry_service_pb2_grpc import SweepRegistryServiceStub
from wanllmdb.api.registry.v1.template_service_pb2_grpc import TemplateServiceStub
from wanllmdb.api.suggestion.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from wanllmdb.api.suggestion.v1.suggestion_service_pb2_grpc import SuggestionServiceStub

T = TypeVar("T")

_Way: TypeAlias = "tuple[Service, str | None]"

_STUBS: dict[Service, Sequence[Callable[[Any], Any]]] = {
    REGISTRY: (SweepRegistryServiceStub, TemplateServiceStub, KeyServiceStub),
    SUGGESTION: (SuggestionServiceStub, AnalysisServiceStub),
}


class _Stubs:
    """All RPCs of one server, whose gRPC services have no RPC name in common."""

    def __init__(self, service: Service, channel: grpc.Channel | grpc.aio.Channel) -> None:
        for stub in _STUBS[service]:
            vars(self).update(vars(stub(channel)))


class Connection:
    """Both services over blocking channels."""

    def __init__(
        self,
        registry: str | None = None,
        suggestion: str | None = None,
        *,
        timeout: float | None = None,
        api_key: str | os.PathLike[str] | None = None,
        tls: bool | Tls | None = None,
        insecure: bool | None = None,
    ) -> None:
        self._credentials = credentials = Credentials.of(api_key, tls, insecure)
        self._peers = {
            REGISTRY: Peer(REGISTRY, registry, credentials),
            SUGGESTION: Peer(SUGGESTION, suggestion, credentials),
        }
        # By service and, for those of one replica, its address. Made at the first call.
        self._channels: dict[_Way, grpc.Channel] = {}
        self._stubs: dict[_Way, Any] = {}
        self._lock = threading.Lock()
        self._timeout = timeout

    @property
    def registry_address(self) -> str:
        """The registry's address, as given or found."""
        return self._peers[REGISTRY].address

    @property
    def suggestion_address(self) -> str:
        """The suggestion service's address, as given or found."""
        return self._peers[SUGGESTION].address

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which another process reaches the same services; holds the API key."""
        return {
            _env.REGISTRY: self.registry_address,
            _env.SUGGESTION: self.suggestion_address,
            **self._credentials.variables(),
        }

    @property
    def api_key(self) -> str:
        """The key that is sent; empty for none."""
        return self._credentials.key.text

    def with_timeout(self, timeout: float) -> Self:
        """The same client, on the same connections, with another deadline in seconds a call."""
        other = copy.copy(self)
        other._timeout = timeout
        return other

    def _reconnected(self, timeout: float | None = None) -> Self:
        """A client of the same services with the same key, on connections of its own.

        It is to be closed by itself. `timeout` is as for a new client.
        """
        other = copy.copy(self)
        other._peers = {
            service: Peer(service, peer.address, self._credentials)
            for service, peer in self._peers.items()
        }
        other._channels, other._stubs = {}, {}
        other._lock = threading.Lock()
        other._timeout = timeout
        return other

    def close(self) -> None:
        """Closes the connections; calls in flight are cancelled."""
        with self._lock:
            for peer in self._peers.values():
                peer.is_closed = True
        for channel in self._channels.values():
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _invoke(self, call: Call[T]) -> T:
        peer = self._peers[call.service]
        timeout = call.timeout if self._timeout is None else self._timeout
        resends = 0
        while True:
            home = peer.home_of(call)
            send = peer.rpc(self._stub(call.service, home), call.rpc)
            key_text = peer.key_text
            try:
                response = send(
                    call.request,
                    timeout=timeout,
                    wait_for_ready=home is None and peer.waits_for(call),
                    metadata=peer.metadata,
                )
            except grpc.RpcError as error:
                if home is not None and peer.leaves(home, error):
                    continue
                failure = peer.failure(call.rpc, timeout, error)
            else:
                peer.has_answered = True
                return call.convert(response)
            delay = peer.resend_delay(failure, resends, key_text)
            if delay is None:
                raise failure
            resends += 1
            time.sleep(delay)

    def _pages(self, page: Callable[[str], Call[Page[T]]]) -> Iterator[T]:
        token = ""
        while True:
            answer = self._invoke(page(token))
            yield from answer.items
            token = answer.next_page_token
            if not token:
                return

    def _stream(self, call: Call[T], *, resends: bool = True) -> Iterator[T]:
        """The answers of a stream; one that is refused before the first may be sent again."""
        peer = self._peers[call.service]
        resent, has_begun = 0, False
        while True:
            open_stream = peer.rpc(self._stub(call.service), call.rpc)
            key_text = peer.key_text
            stream = open_stream(
                call.request, wait_for_ready=peer.has_answered, metadata=peer.metadata
            )
            failure: WanllmdbError
            try:
                for message in stream:
                    peer.has_answered = has_begun = True
                    yield call.convert(message)
            except grpc.RpcError as error:
                failure = peer.failure(call.rpc, None, error)
            else:
                return
            finally:
                stream.cancel()
            may_resend = resends and not has_begun
            delay = peer.resend_delay(failure, resent, key_text) if may_resend else None
            if delay is None:
                raise failure
            resent += 1
            time.sleep(delay)

    def _stub(self, service: Service, home: str | None = None) -> Any:
        way = service, home
        with self._lock:
            peer = self._peers[service]
            if way not in self._stubs and not peer.is_closed:
                self._channels[way] = peer.channel(home)
                self._stubs[way] = _Stubs(service, self._channels[way])
            return self._stubs.get(way)


def invoke(connection: Connection, call: Call[T]) -> T:
    """Sends a call that was made by other hands than a client's method."""
    return connection._invoke(call)


class AsyncConnection:
    """Both services over asyncio channels."""

    def __init__(
        self,
        registry: str | None = None,
        suggestion: str | None = None,
        *,
        timeout: float | None = None,
        api_key: str | os.PathLike[str] | None = None,
        tls: bool | Tls | None = None,
        insecure: bool | None = None,
    ) -> None:
        self._credentials = credentials = Credentials.of(api_key, tls, insecure)
        self._peers = {
            REGISTRY: Peer(REGISTRY, registry, credentials),
            SUGGESTION: Peer(SUGGESTION, suggestion, credentials),
        }
        self._timeout = timeout
        # Made at the first call, since they belong to the event loop that runs then.
        self._channels: dict[_Way, grpc.aio.Channel] = {}
        self._stubs: dict[_Way, Any] = {}

    @property
    def registry_address(self) -> str:
        """The registry's address, as given or found."""
        return self._peers[REGISTRY].address

    @property
    def suggestion_address(self) -> str:
        """The suggestion service's address, as given or found."""
        return self._peers[SUGGESTION].address

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which another process reaches the same services; holds the API key."""
        return {
            _env.REGISTRY: self.registry_address,
            _env.SUGGESTION: self.suggestion_address,
            **self._credentials.variables(),
        }

    def with_timeout(self, timeout: float) -> Self:
        """The same client, on the same connections, with another deadline in seconds a call."""
        other = copy.copy(self)
        other._timeout = timeout
        return other

    async def close(self) -> None:
        """Closes the connections; calls in flight are cancelled."""
        for peer in self._peers.values():
            peer.is_closed = True
        for channel in self._channels.values():
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _invoke(self, call: Call[T]) -> T:
        peer = self._peers[call.service]
        timeout = call.timeout if self._timeout is None else self._timeout
        resends = 0
        while True:
            home = peer.home_of(call)
            send = peer.rpc(self._stub(call.service, home), call.rpc)
            key_text = peer.key_text
            try:
                response = await send(
                    call.request,
                    timeout=timeout,
                    wait_for_ready=home is None and peer.waits_for(call),
                    metadata=peer.metadata,
                )
            except grpc.RpcError as error:
                if home is not None and peer.leaves(home, error):
                    continue
                failure = peer.failure(call.rpc, timeout, error)
            else:
                peer.has_answered = True
                return call.convert(response)
            delay = peer.resend_delay(failure, resends, key_text)
            if delay is None:
                raise failure
            resends += 1
            await asyncio.sleep(delay)

    async def _pages(self, page: Callable[[str], Call[Page[T]]]) -> AsyncIterator[T]:
        token = ""
        while True:
            answer = await self._invoke(page(token))
            for item in answer.items:
                yield item
            token = answer.next_page_token
            if not token:
                return

    async def _stream(self, call: Call[T], *, resends: bool = True) -> AsyncIterator[T]:
        """The answers of a stream; one that is refused before the first may be sent again."""
        peer = self._peers[call.service]
        resent, has_begun = 0, False
        while True:
            open_stream = peer.rpc(self._stub(call.service), call.rpc)
            key_text = peer.key_text
            stream = open_stream(
                call.request, wait_for_ready=peer.has_answered, metadata=peer.metadata
            )
            failure: WanllmdbError
            try:
                async for message in stream:
                    peer.has_answered = has_begun = True
                    yield call.convert(message)
            except grpc.RpcError as error:
                failure = peer.failure(call.rpc, None, error)
            else:
                return
            finally:
                stream.cancel()
            may_resend = resends and not has_begun
            delay = peer.resend_delay(failure, resent, key_text) if may_resend else None
            if delay is None:
                raise failure
            resent += 1
            await asyncio.sleep(delay)

    def _stub(self, service: Service, home: str | None = None) -> Any:
        way = service, home
        peer = self._peers[service]
        if way not in self._stubs and not peer.is_closed:
            self._channels[way] = peer.aio_channel(home)
            self._stubs[way] = _Stubs(service, self._channels[way])
        return self._stubs.get(way)

"""The base of both clients: the services' addresses, credentials, channels and stubs."""

from __future__ import annotations

import copy
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeAlias, TypeVar

import grpc
import grpc.aio

from wanllmdb import _env
from wanllmdb._connection.addresses import REGISTRY, SUGGESTION, Service
from wanllmdb._connection.credentials import Credentials
from wanllmdb._connection.peer import Peer
from wanllmdb._connection.tls import Tls
from wanllmdb.api.registry.v1.key_service_pb2_grpc import KeyServiceStub
from wanllmdb.api.registry.v1.registry_service_pb2_grpc import SweepRegistryServiceStub
from wanllmdb.api.registry.v1.template_service_pb2_grpc import TemplateServiceStub
from wanllmdb.api.suggestion.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from wanllmdb.api.suggestion.v1.suggestion_service_pb2_grpc import SuggestionServiceStub

AnyChannel = TypeVar("AnyChannel", grpc.Channel, grpc.aio.Channel)

_Route: TypeAlias = "tuple[Service, str | None]"

_STUBS: dict[Service, Sequence[Callable[[Any], Any]]] = {
    REGISTRY: (SweepRegistryServiceStub, TemplateServiceStub, KeyServiceStub),
    SUGGESTION: (SuggestionServiceStub, AnalysisServiceStub),
}


class _Stubs:
    """All RPCs of one server; its gRPC services have no RPC name in common."""

    def __init__(self, service: Service, channel: grpc.Channel | grpc.aio.Channel) -> None:
        for stub in _STUBS[service]:
            vars(self).update(vars(stub(channel)))


class BaseConnection(ABC, Generic[AnyChannel]):
    """Both services over channels of one kind."""

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
        # Channels by service and, for a channel to one replica, the replica's address. Channels are
        # made at the first call: those for asyncio belong to the event loop that runs then.
        self._channels: dict[_Route, AnyChannel] = {}
        self._stubs: dict[_Route, Any] = {}
        self._lock = threading.Lock()
        self._timeout = timeout

    @property
    def registry_address(self) -> str:
        """The registry's address, from the argument, the environment or the default."""
        return self._peers[REGISTRY].address

    @property
    def suggestion_address(self) -> str:
        """The suggestion service's address, from the argument, the environment or the default."""
        return self._peers[SUGGESTION].address

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which another process reaches the same services, with the API key."""
        return {
            _env.REGISTRY: self.registry_address,
            _env.SUGGESTION: self.suggestion_address,
            **self._credentials.variables(),
        }

    @property
    def api_key(self) -> str:
        """The API key that the client sends; empty for none."""
        return self._credentials.key.text

    def with_timeout(self, timeout: float) -> Self:
        """The same client on the same connections, with another deadline per call in seconds."""
        other = copy.copy(self)
        other._timeout = timeout
        return other

    def _reconnected(self, timeout: float | None = None) -> Self:
        """A client for the same services with the same key, on connections of its own.

        The caller closes the returned client. `timeout` is as for a new client.
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

    def _begin_close(self) -> list[AnyChannel]:
        """Fail all further calls; return the channels that are to be closed."""
        with self._lock:
            for peer in self._peers.values():
                peer.is_closed = True
        return list(self._channels.values())

    def _stub(self, service: Service, replica: str | None = None) -> Any:
        route = service, replica
        with self._lock:
            peer = self._peers[service]
            if route not in self._stubs and not peer.is_closed:
                self._channels[route] = self._new_channel(peer, replica)
                self._stubs[route] = _Stubs(service, self._channels[route])
            return self._stubs.get(route)

    @abstractmethod
    def _new_channel(self, peer: Peer, replica: str | None) -> AnyChannel:
        """A channel to all replicas of a service, or to one of them."""

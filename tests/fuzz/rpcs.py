"""The RPCs of the served services, from their descriptors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_suggestion.app import SERVICES as SUGGESTION_SERVICES

REGISTRY = "registry"
SUGGESTION = "suggestion"


@dataclass(frozen=True)
class Rpc:
    """One RPC.

    Attributes:
        server: The server with the RPC: REGISTRY or SUGGESTION.
        path: The full name, `/package.Service/Rpc`.
        request: The type of the request.
        response: The type of the answer.
        is_stream: Whether the answer is a stream.
    """

    server: str
    path: str
    request: Descriptor
    response: type[Message]
    is_stream: bool

    @property
    def name(self) -> str:
        """The service and the RPC, without the package."""
        return self.path.rpartition(".")[2]


def all_rpcs() -> list[Rpc]:
    """Return every RPC of both servers, in the order of the protos."""
    return [*_rpcs(REGISTRY, REGISTRY_SERVICES), *_rpcs(SUGGESTION, SUGGESTION_SERVICES)]


def _rpcs(server: str, services: Iterable[str]) -> list[Rpc]:
    pool = descriptor_pool.Default()
    return [
        Rpc(
            server,
            f"/{service}/{method.name}",
            method.input_type,
            message_factory.GetMessageClass(method.output_type),
            method.server_streaming,
        )
        for service in services
        for method in pool.FindServiceByName(service).methods
    ]

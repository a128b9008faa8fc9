"""Keys of every kind, created through the KeyService."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc.aio

from tests.sweeps import request_id
from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as pb_grpc
from wanllmdb_common.calls.caller import Role


def new_secret() -> str:
    """Return a new secret, as a client generates one."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def metadata_of(key_text: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata with which a call sends a key."""
    return (("authorization", f"Bearer {key_text}"),)


def key_request(
    role: Role, *projects: str, secret: str = "", lifetime: timedelta | None = None, name: str = ""
) -> pb.CreateKeyRequest:
    """Return a request for a key with this secret, or with a random one."""
    request = pb.CreateKeyRequest(
        name=name or f"{role.word} of {', '.join(projects)}",
        role=pb.Role.ValueType(role.value),
        projects=projects,
        secret_sha256=hashlib.sha256((secret or new_secret()).encode()).digest(),
        request_id=request_id(),
    )
    if lifetime is not None:
        request.expire_time.FromDatetime(datetime.now(UTC) + lifetime)
    return request


async def create_key(
    channel: grpc.aio.Channel, role: Role, *projects: str, lifetime: timedelta | None = None
) -> str:
    """Create a key and return its text."""
    secret = new_secret()
    request = key_request(role, *projects, secret=secret, lifetime=lifetime)
    key = (await pb_grpc.KeyServiceStub(channel).CreateKey(request)).key
    return f"wsk_{key.key_id}_{secret}"


def id_of(key_text: str) -> str:
    """Return the id of a key."""
    return key_text.split("_")[1]


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, key_text: str) -> None:
        self._metadata = metadata_of(key_text)

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(
            client_call_details._replace(metadata=grpc.aio.Metadata(*self._metadata)), request
        )


class _Stream(grpc.aio.UnaryStreamClientInterceptor):
    def __init__(self, key_text: str) -> None:
        self._metadata = metadata_of(key_text)

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(
            client_call_details._replace(metadata=grpc.aio.Metadata(*self._metadata)), request
        )


def channel_with(address: str, key_text: str) -> grpc.aio.Channel:
    """Return a channel whose calls send the key, or no key if it is empty."""
    interceptors: Sequence[Any] = [_Unary(key_text), _Stream(key_text)] if key_text else ()
    return grpc.aio.insecure_channel(address, interceptors=interceptors)

"""The registry as its protos describe it: live scenarios act as users, and check what it has."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import grpc
import grpc.aio

from clients.conformance.runner.platform import Platform
from clients.conformance.runner.waiting import PAUSE, WAIT_SECONDS
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1.key_service_pb2_grpc import KeyServiceStub
from wanllmdb.api.registry.v1.registry_service_pb2_grpc import SweepRegistryServiceStub

_OPTIONS = [
    # Nothing leaves this machine.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
]

Request = TypeVar("Request", contravariant=True)
Response = TypeVar("Response", covariant=True)


class Rpc(Protocol[Request, Response]):
    """An RPC of a stub."""

    def __call__(
        self, request: Request, /, *, timeout: float, metadata: Any, wait_for_ready: bool
    ) -> Awaitable[Response]: ...


class Registry:
    """Calls to the registry, which wait while it is restarted.

    Args:
        channel: leads to it.
        key: the API key; empty for none.
    """

    def __init__(self, channel: grpc.aio.Channel, key: str = "") -> None:
        self.sweeps = SweepRegistryServiceStub(channel)
        self._keys = KeyServiceStub(channel)
        self._metadata = (("authorization", f"Bearer {key}"),) if key else ()

    async def call(self, rpc: Rpc[Request, Response], request: Request) -> Response:
        """Return the answer to a request.

        Raises:
            grpc.aio.AioRpcError: there is none within `WAIT_SECONDS`, or it is an error.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return await rpc(
                    request, timeout=WAIT_SECONDS, metadata=self._metadata, wait_for_ready=True
                )
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE)

    async def create_key(self, role: key_pb.Role.ValueType) -> tuple[str, str]:
        """Create a key for all projects; return its id and its text."""
        secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        request = key_pb.CreateKeyRequest(
            name="conformance",
            role=role,
            projects=["*"],
            secret_sha256=hashlib.sha256(secret.encode()).digest(),
            request_id=new_id(),
        )
        key_id = (await self.call(self._keys.CreateKey, request)).key.key_id
        return key_id, f"wsk_{key_id}_{secret}"

    async def revoke_key(self, key_id: str) -> None:
        """Make a key invalid."""
        request = key_pb.RevokeKeyRequest(key_id=key_id, request_id=new_id())
        await self.call(self._keys.RevokeKey, request)


def new_id() -> str:
    """Return a request id."""
    return str(uuid.uuid4())


@asynccontextmanager
async def registry_of(platform: Platform) -> AsyncIterator[Registry]:
    """Yield the registry of a platform."""
    key = "" if platform.certificates is None else platform.key_file.read_text().strip()
    async with channel_to(platform, "WANLLMDB_REGISTRY") as channel:
        yield Registry(channel, key)


def channel_to(platform: Platform, variable: str) -> grpc.aio.Channel:
    """Return a channel to the service whose address a variable has."""
    address = platform.addresses[variable]
    if platform.certificates is None:
        return grpc.aio.insecure_channel(address, _OPTIONS)
    return grpc.aio.secure_channel(address, platform.certificates.credentials, _OPTIONS)

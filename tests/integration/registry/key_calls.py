"""A registry that requires keys, and stubs that send one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, id_of, key_request, new_secret
from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb_common.calls.caller import Role

if TYPE_CHECKING:
    from wanllmdb.api.registry.v1.key_service_pb2_grpc import KeyServiceAsyncStub

Keys: TypeAlias = "KeyServiceAsyncStub"


@dataclass(frozen=True)
class With:
    """Stubs that send one key."""

    text: str
    keys: Keys
    registry: Registry

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return id_of(self.text)


@dataclass(frozen=True)
class Office:
    """A registry that requires keys, and its operator's key."""

    address: str
    root_key: str
    stack: contextlib.AsyncExitStack

    async def calls(self, text: str, address: str = "") -> With:
        """Return stubs that send the key, or none if the key is empty."""
        channel = await self.stack.enter_async_context(channel_with(address or self.address, text))
        return With(text, key_grpc.KeyServiceStub(channel), RegistryStub(channel))

    async def root(self) -> With:
        """Return stubs that send the operator's key."""
        return await self.calls(self.root_key)

    async def new(
        self, role: Role, *projects: str, by: With | None = None, lifetime: timedelta | None = None
    ) -> With:
        """Create a key, by default as the operator, and return stubs that send the new key."""
        secret = new_secret()
        request = key_request(role, *projects, secret=secret, lifetime=lifetime)
        created: pb.CreateKeyResponse = await (by or await self.root()).keys.CreateKey(request)
        return await self.calls(f"wsk_{created.key.key_id}_{secret}")


@contextlib.asynccontextmanager
async def office(address: str, root_key: str) -> AsyncIterator[Office]:
    """Start a registry that requires keys for the duration of the block."""
    async with contextlib.AsyncExitStack() as stack:
        yield Office(address, root_key, stack)

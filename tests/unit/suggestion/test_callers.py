"""Who calls: what waits for the registry's answer is bounded."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb_common.calls.authentication import MAX_LOOK_UPS
from wanllmdb_common.errors import OverloadedError, UnauthenticatedError
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.rpc.authentication import CallerDirectory


class SlowRegistry:
    """Knows every key, and says so when it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def get_caller(self, scope: CallScope) -> pb.GetCallerResponse:
        await self.go_on.wait()
        key = pb.ApiKey(key_id=scope.key_text, role=pb.ROLE_AGENT, projects=["p"])
        return pb.GetCallerResponse(keys_required=True, key=key)


async def test_so_many_unknown_keys_wait_at_once_and_those_that_are_known_never() -> None:
    registry = SlowRegistry()
    callers = CallerDirectory(cast("RegistryClient", registry))
    registry.go_on.set()
    await callers.authenticate("known")
    registry.go_on.clear()
    waiting = [
        asyncio.create_task(callers.authenticate(f"key{number}")) for number in range(MAX_LOOK_UPS)
    ]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError) as refusal:
        await callers.authenticate("another")
    assert refusal.value.reason == "OVERLOADED"
    assert (await callers.authenticate("known")).key_id == "known"
    registry.go_on.set()
    assert {caller.key_id for caller in await asyncio.gather(*waiting)} == {
        f"key{number}" for number in range(MAX_LOOK_UPS)
    }
    assert (await callers.authenticate("another")).key_id == "another"


@pytest.mark.parametrize("text", ["wsk_a_\u00ff", "\ud800", "\u202e", ""])
async def test_any_text_can_be_forgotten(text: str) -> None:
    # The step does so after each call whose key was refused, whatever stood in its place.
    callers = CallerDirectory(cast("RegistryClient", SlowRegistry()))
    callers.forget(text)
    with pytest.raises(UnauthenticatedError):
        await callers.authenticate(text or "\n")

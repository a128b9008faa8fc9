"""Calls without a valid key: how many a server answers, and that they hinder no other caller."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.conftest import registry_server, suggestion_server
from tests.errors import rpc_fails
from tests.integration.calls.test_limits import ADMIN_KEY
from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, new_secret
from wanllmdb.api.registry.v1 import sweep_list_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.calls.rate_limits import TokenBuckets
from wanllmdb_common.server.settings import LimitSettings

BAD = {
    "KEY_MISSING": "",
    "KEY_INVALID": f"wsk_{'a' * 12}_{new_secret()}",
}


@pytest.mark.parametrize("reason", BAD)
async def test_more_failures_than_an_address_may_have_are_rejected_and_a_good_key_is_not(
    database_url: str, reason: str
) -> None:
    limits = LimitSettings(failed_keys_per_second=1)
    async with (
        registry_server(database_url, admin_key=ADMIN_KEY, limits=limits) as address,
        channel_with(address, BAD[reason]) as stranger,
        channel_with(address, ADMIN_KEY) as admin,
    ):
        stub = RegistryStub(stranger)
        for _ in range(2):
            with rpc_fails(grpc.StatusCode.UNAUTHENTICATED, reason):
                await stub.ListSweeps(sweep_list_pb2.ListSweepsRequest())
        with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED") as rejection:
            await stub.ListSweeps(sweep_list_pb2.ListSweepsRequest())
        assert 0 < rejection.retry_after <= 1
        assert rejection.metadata["limit"] == "1 calls a second without a valid API key"
        for _ in range(10):
            await RegistryStub(admin).ListSweeps(sweep_list_pb2.ListSweepsRequest())
        await asyncio.sleep(rejection.retry_after)
        with rpc_fails(grpc.StatusCode.UNAUTHENTICATED, reason):
            await stub.ListSweeps(sweep_list_pb2.ListSweepsRequest())


async def test_the_suggestion_service_rejects_them_too(database_url: str) -> None:
    request = suggestion_pb.SuggestRequest(sweep_id="abcdefghijkl", agent_id="agent")
    async with (
        registry_server(database_url, admin_key=ADMIN_KEY) as registry,
        suggestion_server(registry) as address,
        channel_with(address, f"wsk_{'a' * 12}_{new_secret()}") as stranger,
        channel_with(address, ADMIN_KEY) as admin,
    ):
        stub = suggestion_grpc.SuggestionServiceStub(stranger)
        codes = set()
        async with asyncio.timeout(60):
            while grpc.StatusCode.RESOURCE_EXHAUSTED not in codes:
                calls = [stub.Suggest(request) for _ in range(100)]
                for call in calls:
                    codes.add(await call.code())
        assert codes == {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED}
        with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
            await suggestion_grpc.SuggestionServiceStub(admin).Suggest(request)


def test_buckets_of_many_names_are_forgotten_and_fill_again() -> None:
    now = 0.0
    buckets = TokenBuckets(rate=1, clock=lambda: now)
    assert [buckets.take("one") for _ in range(3)] == [0, 0, 1]
    for number in range(20_000):
        assert buckets.take(str(number)) == 0
    assert buckets.take("one") == 0
    assert [TokenBuckets(rate=0).take("one") for _ in range(100)] == [0] * 100

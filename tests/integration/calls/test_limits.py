"""The limits of callers with keys, at a registry with low limits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest

from tests.blocked_database import blocked
from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, create_key, new_secret
from tests.sweeps import create_runs, create_sweep, proposal
from wanllmdb import Client, ResourceExhaustedError
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2, watch_pb2
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.server.settings import LimitSettings

ADMIN_KEY = f"wsk_root_{new_secret()}"
LIST = sweep_list_pb2.ListSweepsRequest()


@contextlib.asynccontextmanager
async def limited(database_url: str, **limits: float) -> AsyncIterator[tuple[str, str, str]]:
    """A registry with the given limits, its address, and the keys of two tenants."""
    settings = LimitSettings(**limits)  # type: ignore[arg-type]  # checked by pydantic
    async with registry_server(database_url, admin_key=ADMIN_KEY, limits=settings) as address:
        async with channel_with(address, ADMIN_KEY) as channel:
            first = await create_key(channel, Role.EDITOR, "first")
            second = await create_key(channel, Role.EDITOR, "second")
        yield address, first, second


@contextlib.asynccontextmanager
async def stub(address: str, key: str) -> AsyncIterator[RegistryStub]:
    async with channel_with(address, key) as channel:
        yield RegistryStub(channel)


LOCK_SWEEPS = "LOCK TABLE sweeps IN ACCESS EXCLUSIVE MODE"


async def list_sweeps(registry: RegistryStub, project: str) -> None:
    await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project=project))
    )


async def test_more_calls_a_second_than_a_key_may_send_are_rejected_and_others_are_not(
    database_url: str,
) -> None:
    async with (
        limited(database_url, calls_per_second=1) as (address, first, second),
        stub(address, first) as flood,
        stub(address, second) as other,
    ):
        # Two seconds' worth may come at once.
        await list_sweeps(flood, "first")
        await list_sweeps(flood, "first")
        with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED") as rejection:
            await list_sweeps(flood, "first")
        assert rejection.metadata["limit"] == "1 calls a second"
        assert re.search(r"API key '\w+' may have 1 calls a second", rejection.message)
        assert 0 < rejection.retry_after <= 1
        await list_sweeps(other, "second")
        await asyncio.sleep(rejection.retry_after)
        await list_sweeps(flood, "first")


async def test_more_watches_at_once_than_a_key_may_have_are_rejected(database_url: str) -> None:
    async with (
        limited(database_url, max_streams_per_caller=2, max_streams=3) as (address, first, second),
        channel_with(address, first) as channel,
        channel_with(address, second) as other,
        channel_with(address, ADMIN_KEY) as admin,
    ):
        sweeps = [
            (
                await RegistryStub(admin).CreateSweep(
                    pb.CreateSweepRequest(
                        project=project,
                        config_text=pb.ConfigText(
                            text="method: random\nparameters: {x: {min: 0, max: 1}}"
                        ),
                    )
                )
            ).sweep.sweep_id
            for project in ("first", "second")
        ]

        def watch(through: grpc.aio.Channel, sweep_id: str) -> grpc.aio.UnaryStreamCall:  # type: ignore[type-arg]
            request = watch_pb2.WatchSweepRequest(sweep_id=sweep_id)
            return RegistryStub(through).WatchSweep(request)

        open_ones = [watch(channel, sweeps[0]) for _ in range(2)]
        for stream in open_ones:
            await stream.read()
        with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED") as rejection:
            await watch(channel, sweeps[0]).read()
        assert rejection.metadata["limit"] == "2 watches and exports at once"
        # Another key has its own limit, and all keys have one together.
        open_ones.append(watch(other, sweeps[1]))
        await open_ones[-1].read()
        with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED") as overload:
            await watch(other, sweeps[1]).read()
        assert overload.metadata["limit"] == "3 watches and exports at once"
        assert overload.retry_after > 0
        # What ends makes room.
        open_ones.pop(0).cancel()
        await asyncio.sleep(0.2)
        again = watch(channel, sweeps[0])
        await again.read()
        for stream in [*open_ones, again]:
            stream.cancel()


async def test_more_calls_at_once_than_a_key_may_have_are_rejected(database_url: str) -> None:
    async with (
        limited(database_url, max_calls_per_caller=3) as (address, first, _),
        stub(address, first) as registry,
    ):
        # As long as the table is locked no call ends, however fast or slow the machine is.
        async with blocked(database_url, LOCK_SWEEPS):
            calls = [asyncio.create_task(list_sweeps(registry, "first")) for _ in range(40)]
            for call in itertools.islice(asyncio.as_completed(calls), 37):
                with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED") as rejection:
                    await call
                assert rejection.metadata["limit"] == "3 calls at once"
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert answers.count(None) == 3
        await list_sweeps(registry, "first")


async def test_calls_beyond_the_share_wait_and_are_answered(database_url: str) -> None:
    async with (
        limited(database_url, shared_calls=1) as (address, first, second),
        stub(address, first) as flood,
        stub(address, second) as other,
    ):
        await list_sweeps(other, "second")
        await asyncio.gather(*(list_sweeps(flood, "first") for _ in range(100)))


async def test_a_suggest_starts_before_the_reads_that_another_key_has_queued(
    database_url: str,
) -> None:
    async with (
        limited(database_url, max_calls_per_caller=64) as (address, first, second),
        stub(address, first) as flood,
        stub(address, second) as other,
    ):
        flooded = await create_sweep(flood, project="first")
        sweep = await create_sweep(other, project="second")
        get = pb.GetSweepRequest(sweep_id=flooded.sweep_id)
        async with blocked(database_url, LOCK_SWEEPS) as database:
            # The other key is present for as long as it has a call.
            read = asyncio.ensure_future(
                other.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
            )
            await database.until(lambda count: count == 1)
            queued = [asyncio.ensure_future(flood.GetSweep(get)) for _ in range(65)]
            # The rejection of the last one shows that all others have arrived.
            ended, reads = await asyncio.wait(queued, return_when=asyncio.FIRST_COMPLETED)
            with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED"):
                await ended.pop()
            await database.until(lambda count: count >= 2)
            created = asyncio.create_task(create_runs(other, sweep.sweep_id, proposal(0)))
            await database.until(lambda count: count == 3)
            assert not any(call.done() for call in reads)
        assert len(await created) == 1
        await asyncio.gather(read, *reads)


async def test_reads_of_one_connection_leave_those_of_the_database_to_another_one(
    database_url: str,
) -> None:
    own = [("grpc.use_local_subchannel_pool", 1)]
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address, options=own) as first,
        grpc.aio.insecure_channel(address, options=own) as second,
    ):
        flood, other = RegistryStub(first), RegistryStub(second)
        sweep = await create_sweep(other)
        get = pb.GetSweepRequest(sweep_id=sweep.sweep_id)
        async with blocked(database_url, LOCK_SWEEPS) as database:
            read = asyncio.ensure_future(other.GetSweep(get))
            await database.until(lambda count: count == 1)
            reads = [asyncio.ensure_future(flood.GetSweep(get)) for _ in range(64)]
            await database.until(lambda count: count >= 2)
            created = asyncio.create_task(create_runs(other, sweep.sweep_id, proposal(0)))
            await database.until(lambda count: count == 3)
        assert len(await created) == 1
        await asyncio.gather(read, *reads)


async def test_syncs_of_whole_sweeps_leave_connections_of_the_database_to_others(
    database_url: str,
) -> None:
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        sweep = await create_sweep(registry)

        def sync(since: int) -> asyncio.Future[internal_pb.SyncRunsResponse]:
            request = internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id, since_revision=since)
            return asyncio.ensure_future(registry.SyncRuns(request))

        async with blocked(database_url, LOCK_SWEEPS) as database:
            whole = [sync(0) for _ in range(20)]
            # A quarter of the six connections for frequent calls.
            await database.until(lambda count: count == 1)
            recent = [sync(sweep.revision) for _ in range(3)]
            await database.until(lambda count: count >= 4)
            assert await database.waiting() == 4
        await asyncio.gather(*whole, *recent)


async def test_heavy_calls_of_one_key_are_all_answered_while_another_key_calls(
    database_url: str,
) -> None:
    async with (
        limited(database_url) as (address, first, second),
        stub(address, first) as flood,
        stub(address, second) as other,
    ):
        config = pb.ConfigText(
            text="method: random\nparameters:\n"
            + "".join(f"  p{i}: {{min: 0, max: {i + 1}}}\n" for i in range(500))
        )
        parse = pb.ParseSweepConfigRequest(config_text=config)
        await list_sweeps(other, "second")
        heavy = [asyncio.ensure_future(flood.ParseSweepConfig(parse)) for _ in range(12)]
        while not all(call.done() for call in heavy):
            await list_sweeps(other, "second")
        answers = await asyncio.gather(*heavy)
        assert {len(answer.spec.search_space.parameters) for answer in answers} == {500}


async def test_a_client_retries_when_it_is_asked_to(database_url: str) -> None:
    async with limited(database_url, calls_per_second=4) as (address, first, _):

        def use() -> int:
            with Client(address, api_key=first) as client:
                return sum(1 for _ in range(14) for _ in client.list_sweeps(project="first"))

        assert await asyncio.to_thread(use) == 0


async def test_callers_of_a_server_without_keys_on_the_same_machine_have_no_limits_of_their_own(
    database_url: str,
) -> None:
    limits = LimitSettings(calls_per_second=1, max_calls_per_caller=1, max_streams_per_caller=1)
    async with (
        registry_server(database_url, limits=limits) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        await create_sweep(registry)
        await asyncio.gather(*(registry.ListSweeps(LIST) for _ in range(50)))


async def test_calls_of_all_have_a_limit_too(database_url: str) -> None:
    async with (
        registry_server(database_url, limits=LimitSettings(max_calls=2)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        registry = RegistryStub(channel)
        # No call ends while the table is locked, so exactly two are accepted.
        async with blocked(database_url, LOCK_SWEEPS):
            calls = [asyncio.create_task(list_sweeps(registry, "any")) for _ in range(40)]
            for call in itertools.islice(asyncio.as_completed(calls), 38):
                with rpc_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED") as rejection:
                    await call
                assert "2 calls at once, the most that it accepts" in rejection.message
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert answers.count(None) == 2


async def test_a_message_that_is_too_large_is_reported_with_the_limit(
    registry_address: str,
) -> None:
    def create(text: str) -> None:
        with Client(registry_address) as client:
            client.parse_sweep_config(text)

    with pytest.raises(ResourceExhaustedError) as caught:
        await asyncio.to_thread(create, "#" + "x" * 5_000_000)
    assert "larger than" in caught.value.message
    assert "--max-message-bytes" in caught.value.message

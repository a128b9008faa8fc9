"""WatchSweeps: a list of sweeps, followed as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from unittest import mock

import grpc.aio
import pytest
from google.protobuf import duration_pb2
from grpc import StatusCode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.sweep_lists import FollowedList, list_of
from tests.registry_stub import RegistryStub
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb_registry.domain.reads import ListHead, SweepFilter, SweepOrder
from wanllmdb_registry.rpc import list_servicer, listed_sweeps
from wanllmdb_registry.store.sweep_lists import SweepLists

Filter = sweep_list_pb2.SweepFilter


@pytest.fixture(autouse=True)
def _by_notifications_alone() -> Iterator[None]:
    """Let no watch look again by itself: each change must wake it."""
    with mock.patch.multiple(list_servicer, POLL=600.0, POLL_ALONE=600.0, CHECKPOINT=600.0):
        yield


def request_for(project: str, **fields: object) -> watch_pb2.WatchSweepsRequest:
    interval = duration_pb2.Duration()
    interval.FromMilliseconds(100)
    return watch_pb2.WatchSweepsRequest(
        filter=Filter(project=project),
        min_interval=interval,
        **fields,  # type: ignore[arg-type]  # fields of the request
    )


def watch(
    registry: Registry, request: watch_pb2.WatchSweepsRequest
) -> AsyncIterator[watch_pb2.WatchSweepsResponse]:
    return aiter(registry.WatchSweeps(request, timeout=60))


async def test_the_first_message_has_the_list_and_the_next_ones_its_changes(
    registry: Registry,
) -> None:
    old = await create_sweep(registry, project="watched", name="old", description="long " * 50)
    messages = watch(registry, request_for("watched"))
    first = await anext(messages)
    assert [sweep.name for sweep in first.sweeps] == ["old"]
    assert list(first.ordered_sweep_ids) == [old.sweep_id]
    assert (first.total_count, first.is_current) == (1, True)
    assert not first.sweeps[0].spec.HasField("search_space")

    new = await create_sweep(registry, project="watched", name="new")
    second = await anext(messages)
    assert [sweep.name for sweep in second.sweeps] == ["new"]
    assert list(second.ordered_sweep_ids) == [new.sweep_id, old.sweep_id]
    assert second.total_count == 2

    await registry.StartSweep(pb.StartSweepRequest(sweep_id=old.sweep_id))
    third = await anext(messages)
    assert [(s.name, s.state) for s in third.sweeps] == [("old", sweep_pb2.SWEEP_STATE_RUNNING)]
    # Neither the order nor what is in the list changed.
    assert not third.ordered_sweep_ids
    assert not third.removed_sweep_ids

    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=new.sweep_id))
    fourth = await anext(messages)
    assert list(fourth.removed_sweep_ids) == [new.sweep_id]
    assert (list(fourth.sweeps), list(fourth.ordered_sweep_ids)) == ([], [])
    assert fourth.total_count == 1


async def test_an_empty_list_is_told_too(registry: Registry) -> None:
    first = await anext(watch(registry, request_for("without-sweeps")))
    assert first == watch_pb2.WatchSweepsResponse(is_current=True)


async def test_sweeps_that_no_longer_match_or_fit_are_removed(registry: Registry) -> None:
    request = request_for("moves away", max_sweeps=2)
    request.filter.states.append(sweep_pb2.SWEEP_STATE_PENDING)
    a, b = [await create_sweep(registry, project="moves away", name=name) for name in "ab"]
    followed, messages = FollowedList(), watch(registry, request)
    await followed.follow(messages)
    assert followed.order == [b.sweep_id, a.sweep_id]

    c = await create_sweep(registry, project="moves away", name="c")
    message = await anext(messages)
    followed.apply(message)
    assert list(message.removed_sweep_ids) == [a.sweep_id]
    assert (followed.order, followed.total) == ([c.sweep_id, b.sweep_id], 3)

    await registry.StartSweep(pb.StartSweepRequest(sweep_id=c.sweep_id))
    followed.apply(await anext(messages))
    assert (followed.order, followed.total) == ([b.sweep_id, a.sweep_id], 2)


async def test_the_order_by_last_change_follows(registry: Registry) -> None:
    order = sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC
    a, b = [await create_sweep(registry, project="lively", name=name) for name in "ab"]
    followed, messages = FollowedList(), watch(registry, request_for("lively", order=order))
    await followed.follow(messages)
    assert followed.order == [b.sweep_id, a.sweep_id]
    await create_runs(registry, a.sweep_id, proposal(0))
    followed.apply(await anext(messages))
    assert followed.order == [a.sweep_id, b.sweep_id]


async def test_a_change_in_another_list_sends_nothing_and_a_checkpoint_comes_in_time(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, project="quiet")
    other = await create_sweep(registry, project="loud")
    with mock.patch.object(list_servicer, "CHECKPOINT", 0.5):
        messages = watch(registry, request_for("quiet"))
        first = await anext(messages)
        await registry.StartSweep(pb.StartSweepRequest(sweep_id=other.sweep_id))
        second = await anext(messages)
    assert [s.sweep_id for s in first.sweeps] == [sweep.sweep_id]
    assert second == watch_pb2.WatchSweepsResponse(total_count=1, is_current=True)


async def test_a_busy_list_sends_at_most_one_change_an_interval(registry: Registry) -> None:
    sweep = await create_sweep(registry, project="busy")
    followed, messages = FollowedList(), watch(registry, request_for("busy"))
    await followed.follow(messages)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(200):
        await create_runs(registry, sweep.sweep_id, proposal(number))
    await followed.follow(messages, await list_of(registry, request_for("busy")))
    assert followed.messages <= 2 + (loop.time() - began) / 0.1


async def test_watchers_of_one_list_share_its_reads(registry: Registry) -> None:
    sweep = await create_sweep(registry, project="shared")
    reads = 0
    head = SweepLists.head

    async def counted(
        self: SweepLists, which: SweepFilter, order: SweepOrder, limit: int
    ) -> ListHead:
        nonlocal reads
        reads += which.project == "shared"
        return await head(self, which, order, limit)

    async def follow(followed: FollowedList) -> None:
        async for message in watch(registry, request_for("shared")):
            followed.apply(message)
            begun.add(id(followed))
            received.set()

    begun: set[int] = set()
    received = asyncio.Event()
    all_followed = [FollowedList() for _ in range(20)]
    with mock.patch.object(SweepLists, "head", counted):
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            watchers = [group.create_task(follow(followed)) for followed in all_followed]
            loop = asyncio.get_running_loop()
            began = loop.time()
            number = 0
            while len(begun) < 20 or loop.time() < began + 2:
                await create_runs(registry, sweep.sweep_id, proposal(number))
                number += 1
            final = await list_of(registry, request_for("shared"))
            while any(followed.content != final.content for followed in all_followed):
                received.clear()
                await received.wait()
            for watcher in watchers:
                watcher.cancel()
        intervals = (loop.time() - began) / 0.1
    # Each watcher alone would have read the list in each interval.
    assert reads < 4 * intervals + 20


@pytest.mark.parametrize("kept", [0, listed_sweeps.KEPT_BYTES])
async def test_a_list_of_large_sweeps_comes_in_several_messages(
    registry: Registry, kept: int
) -> None:
    project = f"large {kept}"
    letters = "\N{GRINNING FACE}" * 10_000
    for index in range(90):
        await create_sweep(registry, project=project, name=str(index), description=letters)
    request = request_for(project, max_sweeps=200)
    with mock.patch.object(listed_sweeps, "KEPT_BYTES", kept):
        followed, messages = FollowedList(), watch(registry, request)
        await followed.follow(messages)
    assert followed.messages > 1
    assert [followed.sweeps[i].name for i in followed.order] == [str(i) for i in range(89, -1, -1)]
    assert followed.total == 90


async def test_wrong_requests_are_rejected_with_all_their_problems(registry: Registry) -> None:
    request = watch_pb2.WatchSweepsRequest(
        filter=Filter(query="x" * 201),
        order=99,  # type: ignore[arg-type]
        max_sweeps=1001,
        min_interval=duration_pb2.Duration(nanos=1),
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await anext(watch(registry, request))
    assert failure.fields.keys() == {"filter.query", "order", "max_sweeps", "min_interval"}


async def test_a_change_through_another_replica_is_seen(database_url: str) -> None:
    async with (
        registry_server(database_url) as here,
        registry_server(database_url) as there,
        grpc.aio.insecure_channel(here) as one,
        grpc.aio.insecure_channel(there) as other,
    ):
        followed = FollowedList()
        messages = watch(RegistryStub(one), request_for("p"))
        await followed.follow(messages)
        sweep = await create_sweep(RegistryStub(other), project="p")
        await followed.follow(messages)
        assert followed.order == [sweep.sweep_id]
        request = pb.DeleteSweepRequest(sweep_id=sweep.sweep_id)
        await RegistryStub(other).DeleteSweep(request)
        await followed.follow(messages)
        assert (followed.order, followed.total) == ([], 0)


# What happens to the list, by turns of several callers at once.
changes = st.lists(
    st.tuples(
        st.sampled_from(
            ["create", "run", "finish", "start", "pause", "cancel", "delete", "rename"]
        ),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)
orders = st.sampled_from(sweep_list_pb2.SweepOrder.values())
filters = st.sampled_from(
    [
        Filter(),
        Filter(query="odd"),
        Filter(states=[sweep_pb2.SWEEP_STATE_PENDING, sweep_pb2.SWEEP_STATE_RUNNING]),
    ]
)
_numbers = iter(range(1_000_000))


class Writer:
    """Changes the sweeps of a project, alone or beside others."""

    def __init__(self, registry: Registry, project: str, sweep_ids: list[str]) -> None:
        self._registry = registry
        self._project = project
        self._sweep_ids = sweep_ids

    async def change(self, kind: str, which: int) -> None:
        """Make one change; one that is impossible by now is refused and changes nothing."""
        registry = self._registry
        if kind == "create" or not self._sweep_ids:
            name = f"{['even', 'odd'][which % 2]} {which}"
            sweep = await create_sweep(registry, project=self._project, name=name)
            self._sweep_ids.append(sweep.sweep_id)
            return
        sweep_id = self._sweep_ids[which % len(self._sweep_ids)]
        try:
            await self._to(sweep_id, kind, which)
        except Exception as error:
            code = getattr(error, "code", lambda: None)()
            if code not in (StatusCode.NOT_FOUND, StatusCode.FAILED_PRECONDITION):
                raise

    async def _to(self, sweep_id: str, kind: str, which: int) -> None:
        registry = self._registry
        match kind:
            case "run" | "finish":
                stats = (
                    await registry.GetSweepStats(pb.GetSweepStatsRequest(sweep_id=sweep_id))
                ).stats
                try:
                    (run,) = await create_runs(registry, sweep_id, proposal(stats.total_runs))
                except (AssertionError, ValueError):
                    # Another writer took the number, or the sweep assigns no runs.
                    return
                if kind == "finish":
                    await finish_run(registry, run, float(which))
            case "start":
                await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep_id))
            case "pause":
                await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id))
            case "cancel":
                await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep_id))
            case "delete":
                await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep_id))
            case "rename":
                sweep = sweep_pb2.Sweep(sweep_id=sweep_id, name=f"odd {which}")
                request = pb.UpdateSweepRequest(sweep=sweep)
                request.update_mask.paths.append("name")
                await registry.UpdateSweep(request)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=st.lists(changes, min_size=1, max_size=3),
    filter_=filters,
    order=orders,
    most=st.sampled_from([0, 2]),
)
async def test_the_messages_add_up_to_the_list(
    registry: Registry,
    data: list[list[tuple[str, int]]],
    filter_: sweep_list_pb2.SweepFilter,
    order: sweep_list_pb2.SweepOrder.ValueType,
    most: int,
) -> None:
    project = f"adds up {next(_numbers)}"
    request = request_for(project, order=order, max_sweeps=most)
    request.filter.MergeFrom(filter_)
    sweep_ids: list[str] = []
    writer = Writer(registry, project, sweep_ids)

    async def write(moves: list[tuple[str, int]]) -> None:
        for kind, which in moves:
            await writer.change(kind, which)

    followed, moved = FollowedList(), asyncio.Event()

    async def follow() -> None:
        async for message in watch(registry, request):
            followed.apply(message)
            moved.set()

    following = asyncio.create_task(follow())
    await moved.wait()
    await asyncio.gather(*map(write, data))
    expected = await list_of(registry, request)
    # Most messages were applied while the writers went on.
    async with asyncio.timeout(60):
        while not followed.is_current or followed.content != expected.content:
            moved.clear()
            await moved.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

"""A key for some projects sees nothing of other projects, through any RPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import field_mask_pb2

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.integration.registry.key_calls import Office, With, office
from tests.integration.registry.run_columns import enqueue_long_labels, read_long_labels
from tests.registry_stub import RegistryStub
from tests.security_table.keys import new_secret
from tests.sweeps import config_text, create_runs, create_sweep, proposal, request_id
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import plots_pb2, sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_local.postgres import create_database

Code = grpc.StatusCode
ROOT_KEY = f"wsk_root_{new_secret()}"
DENIED = (Code.PERMISSION_DENIED, "PERMISSION_DENIED")


@pytest.fixture(scope="module")
def permissions_database(postgres_url: str) -> str:
    return create_database(postgres_url, "permissions")


@pytest.fixture(scope="module")
async def at(permissions_database: str) -> AsyncIterator[Office]:
    async with (
        registry_server(permissions_database, admin_key=ROOT_KEY) as address,
        office(address, ROOT_KEY) as made,
    ):
        yield made


@pytest.fixture(scope="module")
async def root(at: Office) -> With:
    return await at.root()


@pytest.fixture(scope="module")
async def editor(at: Office) -> With:
    """A key with the role editor in the projects `mine` and `ours`."""
    return await at.new(Role.EDITOR, "mine", "ours")


async def test_a_list_shows_the_sweeps_of_ones_projects(
    at: Office, root: With, editor: With
) -> None:
    ids = []
    for index in range(12):
        project = ("list-1", "list-2", "list-3")[index % 3]
        sweep = await create_sweep(root.registry, project=project, name=f"s-{(index * 7) % 12:02}")
        ids.append(sweep.sweep_id)
    mine = [sweep_id for index, sweep_id in enumerate(ids) if index % 3 != 1]
    reader = await at.new(Role.READER, "list-1", "list-3", "no-such-project")

    async def listed(page_size: int, order: str = "CREATE_TIME_DESC", **fields: Any) -> list[str]:
        found: list[str] = []
        request = sweep_list_pb2.ListSweepsRequest(
            filter=sweep_list_pb2.SweepFilter(**fields),
            order=sweep_list_pb2.SweepOrder.Value(f"SWEEP_ORDER_{order}"),
            page_size=page_size,
            include_total_count=True,
        )
        while True:
            page = await reader.registry.ListSweeps(request)
            found += [sweep.sweep_id for sweep in page.sweeps]
            request.page_token = page.next_page_token
            if not page.next_page_token:
                assert page.total_count == len(found)
                return found

    await root.registry.StartSweep(pb.StartSweepRequest(sweep_id=mine[2]))
    for size in (1, 3, 8, 50):
        assert await listed(size) == mine[::-1]
        assert await listed(size, "CREATE_TIME_ASC") == mine
        by_name = sorted(mine, key=lambda sweep_id: (ids.index(sweep_id) * 7) % 12)
        assert await listed(size, "NAME_ASC") == by_name
        started_first = [mine[2], *(sweep_id for sweep_id in mine[::-1] if sweep_id != mine[2])]
        assert await listed(size, "UPDATE_TIME_DESC") == started_first
        assert await listed(size, "RUNS_DESC") == mine[::-1]
        assert await listed(size, "STATE_ASC") == [*started_first[1:], mine[2]]
        assert await listed(size, query="S-0") == [i for i in mine[::-1] if by_name.index(i) < 7]
        of_one = [sweep_id for index, sweep_id in enumerate(ids) if index % 3 == 2]
        assert await listed(size, project="list-3") == of_one[::-1]
        assert await listed(size, states=[sweep_pb2.SWEEP_STATE_PAUSED]) == []
    for project in ("list-2", "nowhere"):
        with rpc_fails(*DENIED):
            await reader.registry.ListSweeps(
                sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project=project))
            )
        with rpc_fails(*DENIED):
            await anext(
                aiter(
                    reader.registry.WatchSweeps(
                        watch_pb2.WatchSweepsRequest(
                            filter=sweep_list_pb2.SweepFilter(project=project)
                        )
                    )
                )
            )
    watched = await anext(aiter(reader.registry.WatchSweeps(watch_pb2.WatchSweepsRequest())))
    assert (list(watched.ordered_sweep_ids), watched.total_count) == (mine[::-1], len(mine))
    outsider = await at.new(Role.READER, "no-such-project")
    assert not (await outsider.registry.ListProjects(sweep_list_pb2.ListProjectsRequest())).projects
    for size in (1, 2, 50):
        pages = sweep_list_pb2.ListProjectsRequest(page_size=size)
        projects: list[tuple[str, int]] = []
        while True:
            page = await reader.registry.ListProjects(pages)
            projects += [(p.name, sum(c.count for c in p.sweep_counts)) for p in page.projects]
            pages.page_token = page.next_page_token
            if not page.next_page_token:
                break
        assert projects == [("list-1", 4), ("list-3", 4)]
    assert not (await outsider.registry.ListSweeps(sweep_list_pb2.ListSweepsRequest())).sweeps
    # A page token is valid only for callers that may see the same projects.
    request = sweep_list_pb2.ListSweepsRequest(page_size=1)
    request.page_token = (await root.registry.ListSweeps(request)).next_page_token
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
        await reader.registry.ListSweeps(request)


async def test_the_project_that_a_new_sweep_really_gets_decides(editor: With) -> None:
    for project in ("mine", "ours"):
        assert (await create_sweep(editor.registry, project=project)).project == project
    with rpc_fails(*DENIED) as failure:
        # The project is `default` if neither the request nor the config names one.
        await create_sweep(editor.registry)
    assert failure.metadata == {"key_id": editor.key_id, "needed_role": "EDITOR"}
    # The request's project takes precedence over that of the config.
    request = pb.CreateSweepRequest(project="mine", config_text=config_text(project="theirs"))
    assert (await editor.registry.CreateSweep(request)).sweep.project == "mine"
    request = pb.CreateSweepRequest(project="theirs", config_text=config_text(project="mine"))
    with rpc_fails(*DENIED):
        await editor.registry.CreateSweep(request)


async def test_what_may_not_be_created_leaves_no_trace(root: With, editor: With) -> None:
    before = await root.registry.ListSweeps(sweep_list_pb2.ListSweepsRequest(page_size=1000))
    for request in (
        pb.CreateSweepRequest(project="theirs", config_text=config_text(), request_id=request_id()),
        pb.CreateSweepRequest(config_text=config_text(project="theirs"), request_id=request_id()),
    ):
        with rpc_fails(*DENIED):
            await editor.registry.CreateSweep(request)
    after = await root.registry.ListSweeps(sweep_list_pb2.ListSweepsRequest(page_size=1000))
    assert before == after


async def test_an_update_moves_no_sweep(root: With, editor: With) -> None:
    sweep = await create_sweep(editor.registry, project="mine")
    moved = sweep_pb2.Sweep(sweep_id=sweep.sweep_id, project="theirs", name="new")
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await editor.registry.UpdateSweep(
            pb.UpdateSweepRequest(
                sweep=moved, update_mask=field_mask_pb2.FieldMask(paths=["project"])
            )
        )
    named = pb.UpdateSweepRequest(sweep=moved, update_mask=field_mask_pb2.FieldMask(paths=["name"]))
    assert (await editor.registry.UpdateSweep(named)).sweep.project == "mine"


async def test_an_error_in_a_sweeps_id_is_reported_to_callers_that_may_see_all(
    root: With, editor: With
) -> None:
    other = await create_sweep(root.registry, project="theirs")
    metadata = set()
    for sweep_id in (other.sweep_id, "nosuchsweep0", "", "\x00", "x" * 5000):
        for request in (
            pb.ListRunsRequest(sweep_id=sweep_id, page_size=-1),
            plots_pb2.GetTimelineRequest(sweep_id=sweep_id),
        ):
            call = editor.registry.ListRuns
            if isinstance(request, plots_pb2.GetTimelineRequest):
                call = editor.registry.GetTimeline  # type: ignore[assignment]  # the other one
            with rpc_fails(*DENIED) as failure:
                await call(request)  # type: ignore[arg-type]  # of its kind
            metadata.add(tuple(sorted(failure.metadata.items())))
    assert len(metadata) == 1
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await root.registry.ListRuns(pb.ListRunsRequest(sweep_id=""))
    with rpc_fails(Code.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await root.registry.ListRuns(pb.ListRunsRequest(sweep_id="nosuchsweep0"))


async def test_a_missing_role_is_reported_before_other_errors(at: Office, root: With) -> None:
    reader = await at.new(Role.READER, "*")
    messages = set()
    sweep = await create_sweep(root.registry, project="mine")
    for sweep_id in (sweep.sweep_id, "nosuchsweep0", ""):
        with rpc_fails(*DENIED) as failure:
            await reader.registry.PauseSweep(
                pb.PauseSweepRequest(sweep_id=sweep_id, request_id="no uuid")
            )
        messages.add(failure.message)
    assert len(messages) == 1
    assert failure.metadata == {"key_id": reader.key_id, "needed_role": "EDITOR"}


async def test_one_foreign_lease_rejects_all(at: Office, root: With) -> None:
    agent = await at.new(Role.AGENT, "mine")
    leases = []
    for project in ("mine", "theirs"):
        sweep = await create_sweep(root.registry, project=project)
        (run,) = await create_runs(root.registry, sweep.sweep_id, proposal(0))
        leases.append(pb.RunLease(sweep_id=run.sweep_id, number=0, attempt=1))
    mine = await agent.registry.Heartbeat(pb.HeartbeatRequest(leases=leases[:1]))
    assert mine.statuses[0].HasField("expire_time")
    with rpc_fails(*DENIED):
        await agent.registry.Heartbeat(pb.HeartbeatRequest(leases=leases))
    assert not (await agent.registry.Heartbeat(pb.HeartbeatRequest())).statuses


async def test_an_answer_is_repeated_only_to_callers_with_permission(
    at: Office, root: With, editor: With
) -> None:
    stranger = await at.new(Role.EDITOR, "theirs")
    create = pb.CreateSweepRequest(
        project="mine", config_text=config_text(), request_id=request_id()
    )
    created = await editor.registry.CreateSweep(create)
    assert await editor.registry.CreateSweep(create) == created
    with rpc_fails(*DENIED):
        await stranger.registry.CreateSweep(create)
    # A request id reveals nothing to other callers: for each caller the id is new.
    own = pb.CreateSweepRequest(
        project="theirs", config_text=config_text(), request_id=create.request_id
    )
    assert (await stranger.registry.CreateSweep(own)).sweep.project == "theirs"
    other = pb.CreateSweepRequest(
        project="ours", config_text=config_text(), request_id=create.request_id
    )
    with rpc_fails(Code.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await editor.registry.CreateSweep(other)
    start = pb.StartSweepRequest(sweep_id=created.sweep.sweep_id, request_id=request_id())
    started = await editor.registry.StartSweep(start)
    reader = await at.new(Role.READER, "mine")
    for calls in (stranger, reader):
        with rpc_fails(*DENIED):
            await calls.registry.StartSweep(start)
    assert await root.registry.StartSweep(start) == started


async def test_a_repeated_deletion_gets_its_answer_through_another_replica(
    at: Office, root: With, editor: With, permissions_database: str
) -> None:
    sweep = await create_sweep(editor.registry, project="mine")
    (run,) = await create_runs(editor.registry, sweep.sweep_id, proposal(0))
    finish = pb.FinishRunRequest(
        sweep_id=sweep.sweep_id,
        number=run.number,
        attempt=1,
        succeeded=pb.RunSucceeded(objective=1.0),
        request_id=request_id(),
    )
    finished = await editor.registry.FinishRun(finish)
    delete = pb.DeleteSweepRequest(sweep_id=sweep.sweep_id, request_id=request_id())
    await editor.registry.DeleteSweep(delete)
    # A replica that has not seen the key before.
    async with registry_server(permissions_database, admin_key=ROOT_KEY) as address:
        again = await at.calls(editor.text, address)
        await again.registry.DeleteSweep(delete)
        assert await again.registry.FinishRun(finish) == finished
        with rpc_fails(Code.NOT_FOUND, "SWEEP_NOT_FOUND"):
            await again.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
        stranger = await at.calls((await at.new(Role.EDITOR, "theirs")).text, address)
        with rpc_fails(*DENIED):
            await stranger.registry.DeleteSweep(delete)


async def test_runs_are_taken_from_sweeps_that_one_may_read(
    at: Office, root: With, editor: With
) -> None:
    target = await create_sweep(editor.registry, project="mine")
    foreign = await create_sweep(root.registry, project="theirs")
    for sweep_id in (foreign.sweep_id, "nosuchsweep0", ""):
        source = pb.PriorRunSource(sweep_id=sweep_id)
        with rpc_fails(*DENIED) as failure:
            await editor.registry.ImportRuns(
                pb.ImportRunsRequest(sweep_id=target.sweep_id, source=source)
            )
        assert failure.metadata["needed_role"] == "READER"
        with rpc_fails(*DENIED):
            await editor.registry.CreateSweep(
                pb.CreateSweepRequest(
                    project="mine", config_text=config_text(), prior_run_source=source
                )
            )


async def test_an_agent_ends_a_sweep_by_its_terminator_alone(at: Office, root: With) -> None:
    agent = await at.new(Role.AGENT, "mine")
    sweep = await create_sweep(root.registry, project="mine")
    with rpc_fails(*DENIED) as failure:
        await agent.registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    assert failure.metadata["needed_role"] == "EDITOR"
    await agent.registry.TerminateSweep(internal_pb.TerminateSweepRequest(sweep_id=sweep.sweep_id))


@pytest.mark.parametrize("what", ["a sweep", "a list"])
@pytest.mark.parametrize("how", ["revoked", "revoked on another replica", "expired"])
async def test_a_watch_ends_with_its_key(
    how: str, what: str, at: Office, root: With, permissions_database: str
) -> None:
    lifetime = timedelta(seconds=3) if how == "expired" else None
    sweep = await create_sweep(root.registry, project="mine")
    async with registry_server(permissions_database, admin_key=ROOT_KEY) as other_address:
        reader = await at.new(Role.READER, "mine", lifetime=lifetime)
        address = other_address if how == "revoked on another replica" else at.address
        watcher = await at.calls(reader.text, address)
        watch: Any
        if what == "a sweep":
            watch = watcher.registry.WatchSweep(
                watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id), timeout=60
            )
            assert (await watch.read()).sweep.sweep_id == sweep.sweep_id
        else:
            watch = watcher.registry.WatchSweeps(watch_pb2.WatchSweepsRequest(), timeout=60)
            shown = (await watch.read()).sweeps
            assert {sweep.project for sweep in shown} == {"mine"}
        if lifetime is None:
            await root.keys.RevokeKey(key_pb.RevokeKeyRequest(key_id=reader.key_id))
        reason = "KEY_EXPIRED" if how == "expired" else "KEY_REVOKED"
        with rpc_fails(Code.UNAUTHENTICATED, reason):
            async with asyncio.timeout(60):
                async for _ in watch:
                    pass


async def test_an_export_ends_with_its_key(at: Office, root: With) -> None:
    sweep = await create_sweep(root.registry, project="mine")
    # The pages exceed what gRPC buffers for a caller that does not read.
    runs = [pb.EnqueuedRun(labels={"note": "n" * 1_000})] * 1_000
    for _ in range(2):
        await root.registry.EnqueueRuns(
            pb.EnqueueRunsRequest(sweep_id=sweep.sweep_id, runs=runs, request_id=request_id())
        )
    reader = await at.new(Role.READER, "mine")
    async with grpc.aio.insecure_channel(
        at.address, options=[("grpc.http2.bdp_probe", 0)]
    ) as channel:
        export = RegistryStub(channel).ExportRuns(
            pb.ExportRunsRequest(sweep_id=sweep.sweep_id, format=pb.RUN_FORMAT_JSON_LINES),
            metadata=(("authorization", f"Bearer {reader.text}"),),
            timeout=60,
        )
        pieces = aiter(export)
        await anext(pieces)
        await root.keys.RevokeKey(key_pb.RevokeKeyRequest(key_id=reader.key_id))
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED"):
            async for _ in pieces:
                pass


async def test_a_read_of_columns_ends_with_its_key(at: Office, root: With) -> None:
    sweep = await create_sweep(root.registry, project="mine")
    # More than one page, and more than gRPC buffers for a caller that does not read.
    await enqueue_long_labels(root.registry, sweep.sweep_id)
    reader = await at.new(Role.READER, "mine")
    async with grpc.aio.insecure_channel(
        at.address, options=[("grpc.http2.bdp_probe", 0)]
    ) as channel:
        parts = aiter(
            RegistryStub(channel).ReadRunColumns(
                read_long_labels(sweep.sweep_id),
                metadata=(("authorization", f"Bearer {reader.text}"),),
                timeout=60,
            )
        )
        await anext(parts)
        await root.keys.RevokeKey(key_pb.RevokeKeyRequest(key_id=reader.key_id))
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED"):
            async for _ in parts:
                pass

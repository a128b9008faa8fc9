"""Lists of sweeps and projects: search, orders, views, totals."""

from __future__ import annotations

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_sweep
from tests.integration.registry.sweep_lists import RICH_CONFIG, listed, without_rate
from tests.sweeps import Registry, create_runs, create_sweep, finish_run, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2

Filter = sweep_list_pb2.SweepFilter


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("resnet", ["big ResNet-50", "RESNET tiny"]),
        ("ResNet-5", ["big ResNet-50"]),
        ("étude", ["ÉTUDE"]),
        ("50%", ["half", "50% off"]),
        ("%", ["half", "50% off"]),
        ("_", ["under_score"]),
        ("\\", ["back\\slash"]),
        ("c_r", []),
        ("'; --", []),
        ("nowhere", []),
    ],
)
async def test_a_search_finds_parts_of_names_and_descriptions(
    registry: Registry, query: str, found: list[str]
) -> None:
    project = f"search {query}"
    sweeps = {
        "back\\slash": "",
        "under_score": "",
        "50% off": "",
        "half": "keeps 50% of the data",
        "ÉTUDE": "",
        "RESNET tiny": "",
        "big ResNet-50": "",
    }
    for name, description in sweeps.items():
        await create_sweep(registry, project=project, name=name, description=description)

    sweeps_found = await listed(registry, Filter(project=project, query=query))

    assert [sweep.name for sweep in sweeps_found] == found


async def test_a_search_finds_parts_of_ids(registry: Registry) -> None:
    one = await create_sweep(registry, project="search ids", name="one")
    await create_sweep(registry, project="search ids", name="two")

    part = one.sweep_id[2:].upper()

    assert [s.name for s in await listed(registry, Filter(query=part))] == ["one"]


async def test_a_query_is_bounded(registry: Registry) -> None:
    request = sweep_list_pb2.ListSweepsRequest(filter=Filter(query="x" * 201))
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ListSweeps(request)
    assert failure.fields.keys() == {"filter.query"}


async def test_the_orders_of_lists(registry: Registry) -> None:
    created = [await create_sweep(registry, project="orders", name=name) for name in "abcde"]
    a, b, c, _, e = (sweep.sweep_id for sweep in created)
    # Three runs of c, one of a and of e.
    for sweep_id, runs in ((c, 3), (a, 1), (e, 1)):
        await create_runs(registry, sweep_id, *map(proposal, range(runs)))
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=a))
    await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=b))
    last = sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC
    for size in (1, 2, 3, 50):
        assert await _names(registry, last, size) == "baecd"
        assert await _names(registry, sweep_list_pb2.SWEEP_ORDER_RUNS_DESC, size) == "ceadb"
        # PENDING d, RUNNING e and c, PAUSED a, CANCELED b.
        assert await _names(registry, sweep_list_pb2.SWEEP_ORDER_STATE_ASC, size) == "decab"


async def _names(
    registry: Registry, order: sweep_list_pb2.SweepOrder.ValueType, page_size: int
) -> str:
    sweeps = await listed(registry, Filter(project="orders"), order, page_size)
    return "".join(sweep.name for sweep in sweeps)


async def test_states_are_listed_in_the_order_of_the_protos(registry: Registry) -> None:
    moves = {
        "PENDING": [],
        "RUNNING": ["Start"],
        "PAUSED": ["Start", "Pause"],
        "FINISHED": ["Finish"],
        "CANCELED": ["Cancel"],
    }
    for name in reversed(moves):
        sweep = await create_sweep(registry, project="states", name=name)
        for move in moves[name]:
            request = getattr(pb, f"{move}SweepRequest")(sweep_id=sweep.sweep_id)
            await getattr(registry, f"{move}Sweep")(request)
    failed = await create_sweep(registry, project="states", name="FAILED", max_failed_runs=1)
    (run,) = await create_runs(registry, failed.sweep_id, proposal(0))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=run.sweep_id, number=0, attempt=run.attempt, failed=pb.RunFailed()
        )
    )

    order = sweep_list_pb2.SWEEP_ORDER_STATE_ASC
    sweeps = await listed(registry, Filter(project="states"), order, 2)

    states = [sweep.state for sweep in sweeps]
    assert states == sorted(sweep_pb2.SweepState.values())[1:]
    assert [sweep_pb2.SweepState.Name(s).removeprefix("SWEEP_STATE_") for s in states] == [
        sweep.name for sweep in sweeps
    ]


async def test_a_sweep_that_stays_is_listed_once_while_others_move(registry: Registry) -> None:
    sweeps = [await create_sweep(registry, project="moving", name=str(i)) for i in range(6)]
    request = sweep_list_pb2.ListSweepsRequest(
        filter=Filter(project="moving"),
        order=sweep_list_pb2.SWEEP_ORDER_UPDATE_TIME_DESC,
        page_size=2,
    )
    first = await registry.ListSweeps(request)
    # The last one, which no page has shown, moves to the top.
    await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweeps[0].sweep_id))
    request.page_token = first.next_page_token
    second = await registry.ListSweeps(request)
    request.page_token = second.next_page_token
    third = await registry.ListSweeps(request)

    assert [s.name for p in (first, second, third) for s in p.sweeps] == ["5", "4", "3", "2", "1"]
    assert not third.next_page_token


async def test_the_update_time_is_that_of_the_last_change(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    assert sweep.update_time == sweep.create_time
    times = [sweep.update_time.ToNanoseconds()]

    async def moved() -> bool:
        now = (await get_sweep(registry, sweep.sweep_id)).update_time.ToNanoseconds()
        times.append(now)
        return times[-2] < now

    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    assert await moved()
    report = pb.ReportMetricsRequest(
        sweep_id=run.sweep_id, number=0, attempt=run.attempt, rows=[row(0, {"loss": 1.0})]
    )
    await registry.ReportMetrics(report)
    assert await moved()
    # A heartbeat changes nothing that a reader sees.
    lease = pb.RunLease(sweep_id=run.sweep_id, number=0, attempt=run.attempt)
    await registry.Heartbeat(pb.HeartbeatRequest(leases=[lease]))
    assert not await moved()
    done = await finish_run(registry, run)
    assert await moved()
    assert times[-1] == done.run.end_time.ToNanoseconds()
    await registry.ImportRuns(
        pb.ImportRunsRequest(
            sweep_id=sweep.sweep_id, source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,3.0\n")
        )
    )
    assert await moved()


async def test_the_basic_view_leaves_out_what_a_list_does_not_show(registry: Registry) -> None:
    sweep = await create_sweep(registry, project="views", description="words", **RICH_CONFIG)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await finish_run(registry, run, 0.5)
    whole = await get_sweep(registry, sweep.sweep_id)

    async def view(number: sweep_list_pb2.SweepView.ValueType) -> sweep_pb2.Sweep:
        (found,) = await listed(registry, Filter(project="views"), view=number)
        return found

    basic = await view(sweep_list_pb2.SWEEP_VIEW_BASIC)

    expected = sweep_pb2.Sweep()
    expected.CopyFrom(whole)
    for field in ("search_space", "command"):
        expected.spec.ClearField(field)
    expected.stats.best_run.ClearField("parameters")
    for choice in (
        expected.spec.sampler,
        expected.spec.terminator,
        expected.spec.early_termination.pruner,
    ):
        assert choice.options
        choice.ClearField("options")
    assert without_rate(basic) == without_rate(expected)
    for number in (sweep_list_pb2.SWEEP_VIEW_FULL, sweep_list_pb2.SWEEP_VIEW_UNSPECIFIED):
        assert without_rate(await view(number)) == without_rate(whole)


async def test_the_basic_view_follows_an_update_of_the_spec(registry: Registry) -> None:
    sweep = await create_sweep(registry, project="updated views", **RICH_CONFIG)
    spec = sweep_pb2.SweepSpec(run_cap=17)
    request = pb.UpdateSweepRequest(sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id, spec=spec))
    request.update_mask.paths.append("spec.run_cap")
    await registry.UpdateSweep(request)

    basic = sweep_list_pb2.SWEEP_VIEW_BASIC
    (found,) = await listed(registry, Filter(project="updated views"), view=basic)

    assert found.spec.run_cap == 17


async def test_a_total_counts_the_matching_sweeps_of_all_pages(registry: Registry) -> None:
    for index in range(5):
        await create_sweep(
            registry, project="total", name=f"{['an odd', 'another'][index % 2]} one"
        )
    request = sweep_list_pb2.ListSweepsRequest(
        filter=Filter(project="total", query="AN ODD ONE"), page_size=2, include_total_count=True
    )

    first = await registry.ListSweeps(request)
    request.page_token = first.next_page_token
    second = await registry.ListSweeps(request)

    assert [page.total_count for page in (first, second)] == [3, 3]
    request.include_total_count = False
    request.page_token = ""
    assert not (await registry.ListSweeps(request)).HasField("total_count")


async def test_an_unknown_order_or_view_is_rejected(registry: Registry) -> None:
    request = sweep_list_pb2.ListSweepsRequest(order=99, view=99)  # type: ignore[arg-type]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ListSweeps(request)
    assert failure.fields.keys() == {"order", "view"}


async def test_projects_are_listed_with_their_sweeps_by_state(registry: Registry) -> None:
    for project in ("proj b", "proj a", "proj c"):
        await create_sweep(registry, project=project)
    second = await create_sweep(registry, project="proj a")
    await create_runs(registry, second.sweep_id, proposal(0))
    gone = await create_sweep(registry, project="proj empty")
    await registry.DeleteSweep(pb.DeleteSweepRequest(sweep_id=gone.sweep_id))

    found: list[sweep_list_pb2.Project] = []
    request = sweep_list_pb2.ListProjectsRequest(page_size=2)
    while True:
        page = await registry.ListProjects(request)
        assert len(page.projects) <= 2
        found += page.projects
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert [p.name for p in found] == sorted(p.name for p in found)
    mine = {p.name: p for p in found if p.name.startswith("proj ")}
    assert list(mine) == ["proj a", "proj b", "proj c"]
    assert [(c.state, c.count) for c in mine["proj a"].sweep_counts] == [
        (sweep_pb2.SWEEP_STATE_PENDING, 1),
        (sweep_pb2.SWEEP_STATE_RUNNING, 1),
    ]
    assert mine["proj a"].update_time == (await get_sweep(registry, second.sweep_id)).update_time

"""Client and AsyncClient against the real services: every RPC, with Python types."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import wanllmdb
from tests.integration.client.conftest import config
from wanllmdb import (
    AsyncClient,
    Checkpoint,
    Client,
    EnqueuedRun,
    Failed,
    FinishReason,
    Hyperband,
    Method,
    MetricCurve,
    MetricRow,
    Pruned,
    RetryPolicy,
    Run,
    RunChanged,
    RunCommand,
    RunOrigin,
    RunState,
    SweepChanged,
    SweepOrder,
    SweepState,
)


async def handed_out(client: AsyncClient, sweep_id: str, count: int = 1) -> list[Run]:
    suggestion = await client.suggest(sweep_id, agent_id="tester", count=count)
    assert len(suggestion.runs) == count
    return list(suggestion.runs)


async def finished(client: AsyncClient, sweep_id: str, losses: list[float]) -> None:
    for run, loss in zip(await handed_out(client, sweep_id, len(losses)), losses, strict=True):
        await client.finish_run(sweep_id, run.number, run.attempt, wanllmdb.Succeeded(loss))


async def test_a_sweep_is_created_read_changed_and_deleted(async_client: AsyncClient) -> None:
    created = await async_client.create_sweep(
        config(run_cap=5), project="crud", name="mine", description="a test"
    )
    sweep = created.sweep
    assert (sweep.project, sweep.name, sweep.description) == ("crud", "mine", "a test")
    assert sweep.state is SweepState.PENDING
    assert sweep.spec.method is Method.RANDOM
    assert sweep.spec.parameters["n"] == wanllmdb.Categorical((16, 32))
    assert sweep.create_time is not None
    assert datetime.now(UTC) - sweep.create_time < timedelta(minutes=1)
    assert await async_client.get_sweep(sweep.sweep_id) == sweep

    updated = await async_client.update_sweep(
        sweep.sweep_id,
        name="yours",
        run_cap=None,
        early_termination=Hyperband(min_iter=2),
        retries=RetryPolicy(lost=1, failed=2),
        target=0.1,
        etag=sweep.etag,
    )
    changed = updated.sweep
    assert changed.name == "yours"
    assert changed.spec.run_cap is None
    assert changed.spec.early_termination == Hyperband(min_iter=2, eta=3.0)
    assert changed.spec.retries == RetryPolicy(1, 2)
    assert changed.spec.metric is not None
    assert changed.spec.metric.target == 0.1
    with pytest.raises(wanllmdb.AbortedError) as stale:
        await async_client.update_sweep(sweep.sweep_id, name="late", etag=sweep.etag)
    assert stale.value.reason == "ETAG_MISMATCH"

    await async_client.delete_sweep(sweep.sweep_id)
    with pytest.raises(wanllmdb.NotFoundError) as gone:
        await async_client.get_sweep(sweep.sweep_id)
    assert gone.value.metadata == {"sweep_id": sweep.sweep_id}


async def test_all_errors_of_a_config_are_reported_together(async_client: AsyncClient) -> None:
    with pytest.raises(wanllmdb.InvalidArgumentError) as refused:
        await async_client.create_sweep(
            {"method": "guess", "parameters": {"x": {"min": 2, "max": 1}}, "run_cap": 0}
        )

    paths = {problem.path for problem in refused.value.fields}
    assert {"method", "parameters.x.min", "run_cap"} <= paths
    assert refused.value.reason == "INVALID_SWEEP_CONFIG"
    assert len(str(refused.value).splitlines()) == 1 + len(refused.value.fields)


async def test_numbers_of_a_dictionary_keep_their_types(async_client: AsyncClient) -> None:
    parsed = await async_client.parse_sweep_config(
        {
            "method": "random",
            "parameters": {
                "f": {"min": 1.0, "max": 3.0},
                "i": {"min": 1, "max": 3},
                "tiny": {"min": 1e-5, "max": 1e5},
                "v": {"values": [1, 1.5, "1", True, None]},
            },
        }
    )

    assert parsed.spec.parameters == {
        "f": wanllmdb.Uniform(1.0, 3.0),
        "i": wanllmdb.IntUniform(1, 3, q=1),
        "tiny": wanllmdb.Uniform(1e-5, 1e5),
        "v": wanllmdb.Categorical((1, 1.5, "1", True, None)),
    }


@pytest.mark.parametrize("form", ["yaml", "json"])
async def test_a_sweep_made_from_an_export_is_equal(async_client: AsyncClient, form: str) -> None:
    original = (await async_client.create_sweep(config(run_cap=3))).sweep

    text = await async_client.export_sweep(original.sweep_id, form)
    copy = (await async_client.create_sweep(text)).sweep
    from_spec = (await async_client.create_sweep(original.spec)).sweep

    assert copy.spec == from_spec.spec == original.spec


async def test_lists_page_by_themselves(async_client: AsyncClient) -> None:
    for index in range(5):
        await async_client.create_sweep(config(), project="paged", name=f"s{index}")

    listed = [
        sweep.name
        async for sweep in async_client.list_sweeps(
            project="paged", order="name_asc", states=[SweepState.PENDING], page_size=2
        )
    ]

    assert listed == ["s0", "s1", "s2", "s3", "s4"]


async def test_lists_are_searched_ordered_and_counted(async_client: AsyncClient) -> None:
    for name in ("deep net", "Deep Tree", "shallow net"):
        await async_client.create_sweep(config(), project="searched", name=name)
    (deep_net,) = [s async for s in async_client.list_sweeps(project="searched", query="deep n")]
    await async_client.start_sweep(deep_net.sweep_id)

    by_update = [
        sweep
        async for sweep in async_client.list_sweeps(
            project="searched",
            query="DEEP",
            order=SweepOrder.UPDATE_TIME_DESC,
            view="basic",
            page_size=1,
        )
    ]

    assert [sweep.name for sweep in by_update] == ["deep net", "Deep Tree"]
    updated, created = by_update[0].update_time, by_update[0].create_time
    assert updated is not None
    assert created is not None
    assert updated > created
    assert (by_update[0].spec.parameters, deep_net.spec.parameters != {}) == ({}, True)
    assert await async_client.count_sweeps(project="searched", query="net") == 2
    (project,) = [p async for p in async_client.list_projects(page_size=1) if p.name == "searched"]
    assert project.sweep_counts == {SweepState.PENDING: 2, SweepState.RUNNING: 1}
    assert project.update_time == by_update[0].update_time


async def test_a_list_is_followed(async_client: AsyncClient) -> None:
    first = (await async_client.create_sweep(config(), project="followed")).sweep
    lists = async_client.watch_sweeps(project="followed", max_sweeps=1, min_interval=0.1)
    now = await anext(lists)
    assert [sweep.sweep_id for sweep in now.sweeps] == [first.sweep_id]
    second = (await async_client.create_sweep(config(), project="followed")).sweep
    now = await anext(lists)
    assert ([sweep.sweep_id for sweep in now.sweeps], now.total_count) == ([second.sweep_id], 2)
    await async_client.delete_sweep(second.sweep_id)
    now = await anext(lists)
    assert ([sweep.sweep_id for sweep in now.sweeps], now.total_count) == ([first.sweep_id], 1)


async def test_many_runs_are_read_at_once(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    for _ in range(3):
        await handed_out(async_client, sweep_id)
    rows = [MetricRow(step, {"loss": float(step)}) for step in range(10)]
    await async_client.report_metrics(sweep_id, 2, 1, rows)

    runs = await async_client.batch_get_runs(sweep_id, [2, 0])
    curves = await async_client.get_metric_histories(sweep_id, [0, 2], "loss", max_points=2)

    assert [run.number for run in runs] == [2, 0]
    assert await async_client.batch_get_runs(sweep_id, []) == ()
    assert curves == (MetricCurve(2, 1, (4, 9), (4.0, 9.0), (0.0, 5.0), (4.0, 9.0), 10),)
    with pytest.raises(wanllmdb.NotFoundError):
        await async_client.batch_get_runs(sweep_id, [0, 7])


async def test_the_same_request_id_gives_the_same_answer(async_client: AsyncClient) -> None:
    request_id = "11111111-2222-4333-8444-555555555555"
    first = await async_client.create_sweep(config(), request_id=request_id)
    again = await async_client.create_sweep(config(), request_id=request_id)
    assert again == first

    with pytest.raises(wanllmdb.InvalidArgumentError) as reused:
        await async_client.create_sweep(config(run_cap=9), request_id=request_id)
    assert reused.value.reason == "REQUEST_ID_REUSED"


async def test_a_sweep_moves_between_its_states(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id

    assert (await async_client.start_sweep(sweep_id)).state is SweepState.RUNNING
    assert (await async_client.pause_sweep(sweep_id)).state is SweepState.PAUSED
    with pytest.raises(wanllmdb.FailedPreconditionError) as paused:
        await async_client.suggest(sweep_id, agent_id="tester")
    assert (paused.value.reason, paused.value.state) == ("SWEEP_NOT_RUNNING", "paused")
    assert (await async_client.resume_sweep(sweep_id)).state is SweepState.RUNNING
    ended = await async_client.finish_sweep(sweep_id)
    assert (ended.state, ended.finish_reason) == (SweepState.FINISHED, FinishReason.REQUESTED)
    with pytest.raises(wanllmdb.FailedPreconditionError) as conflict:
        await async_client.cancel_sweep(sweep_id)
    assert (conflict.value.reason, conflict.value.state) == ("SWEEP_STATE_CONFLICT", "finished")


async def test_a_run_from_suggestion_to_its_end(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    (run,) = await handed_out(async_client, sweep_id)
    assert (run.number, run.attempt, run.state) == (0, 1, RunState.RUNNING)
    assert (run.origin, run.agent_id) == (RunOrigin.SUGGESTED, "tester")
    assert 0.0 <= run.parameters["x"] <= 1.0
    assert run.parameters["n"] in (16, 32)
    assert isinstance(run.parameters["n"], int)

    rows = [MetricRow(step, {"loss": 1.0 - step / 10, "lr": 0.1}) for step in range(5)]
    command = await async_client.report_metrics(sweep_id, 0, 1, rows)
    assert command is RunCommand.CONTINUE
    (status,) = await async_client.heartbeat([wanllmdb.RunLease(sweep_id, 0, 1)])
    assert status.command is RunCommand.CONTINUE
    assert status.expire_time is not None

    end = await async_client.finish_run(sweep_id, 0, 1, rows=[MetricRow(5, {"loss": 0.25})])
    assert (end.run.state, end.run.objective, end.run.last_step) == (RunState.FINISHED, 0.25, 5)
    assert end.run.summary == {"loss": 0.25, "lr": 0.1}
    assert end.best_run is not None
    assert end.best_run.number == 0
    assert await async_client.get_run(sweep_id, 0) == replace(end.run, metric_values=6)

    history = await async_client.get_metric_history(sweep_id, 0, page_size=4)
    assert [point.value for point in history["loss"].points] == [1.0, 0.9, 0.8, 0.7, 0.6, 0.25]
    assert [point.step for point in history["lr"].points] == [0, 1, 2, 3, 4]


async def test_other_ends_of_runs(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    broken, pruned, given_back = await handed_out(async_client, sweep_id, 3)

    failed = await async_client.finish_run(sweep_id, broken.number, 1, Failed("no GPU", "trace"))
    assert failed.run.state is RunState.FAILED
    assert failed.run.error == wanllmdb.RunError("no GPU", "trace")
    stopped = await async_client.finish_run(
        sweep_id, pruned.number, 1, Pruned("too slow"), rows=[MetricRow(0, {"loss": 3.0})]
    )
    assert (stopped.run.state, stopped.run.objective) == (RunState.PRUNED, 3.0)
    released = await async_client.release_run(sweep_id, given_back.number, 1, reason="preempted")
    assert released.state is RunState.QUEUED
    with pytest.raises(wanllmdb.FailedPreconditionError) as late:
        await async_client.finish_run(sweep_id, broken.number, 1, wanllmdb.Succeeded(1.0))
    assert (late.value.reason, late.value.state) == ("RUN_NOT_RUNNING", "failed")


async def test_runs_are_queued_labelled_and_linked(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id

    queued = await async_client.enqueue_runs(sweep_id, [{"x": 0.5}, EnqueuedRun({}, {"by": "me"})])
    assert [run.state for run in queued] == [RunState.QUEUED] * 2
    first, second = await handed_out(async_client, sweep_id, 2)
    assert (first.origin, first.parameters["x"]) == (RunOrigin.ENQUEUED, 0.5)
    assert second.labels == {"by": "me"}

    await async_client.update_run(sweep_id, 0, labels={"gpu": "a"}, external_run_id="tracker-1")
    found = await async_client.get_run(sweep_id, external_run_id="tracker-1")
    assert (found.number, found.labels) == (0, {"gpu": "a"})
    with pytest.raises(wanllmdb.AlreadyExistsError):
        await async_client.update_run(sweep_id, 1, external_run_id="tracker-1")


async def test_runs_are_listed_in_any_order_and_by_state(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    await finished(async_client, sweep_id, [3.0, 1.0, 2.0])
    await handed_out(async_client, sweep_id)

    async def numbers(**filters: object) -> list[int]:
        runs = async_client.list_runs(sweep_id, page_size=2, **filters)  # type: ignore[arg-type]
        return [run.number async for run in runs]

    assert await numbers() == [0, 1, 2, 3]
    assert await numbers(order="objective_asc", states=["finished"]) == [1, 2, 0]
    assert await numbers(states=[RunState.RUNNING]) == [3]


async def test_answers_for_plots(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    await finished(async_client, sweep_id, [3.0, 1.0, 2.0, 0.5])

    stats = await async_client.get_sweep_stats(sweep_id)
    assert (stats.total_runs, stats.finished_runs, stats.failure_rate) == (4, 4, 0.0)
    assert stats.best_run is not None
    assert stats.best_run.objective == 0.5
    assert stats.mean_run_duration is not None

    plot = await async_client.get_parallel_coordinates(sweep_id)
    assert [axis.name for axis in plot.dimensions] == ["n", "x", "loss"]
    assert plot.dimensions[0].categories == (16, 32)
    assert plot.dimensions[-1].values == (3.0, 1.0, 2.0, 0.5)
    assert plot.best_index == 3

    history = await async_client.get_optimization_history(sweep_id)
    assert history.best_objectives == (3.0, 1.0, 1.0, 0.5)
    importance = await async_client.get_parameter_importance(sweep_id, evaluator="fanova")
    assert set(importance.importances) == {"n", "x"}
    assert sum(importance.importances.values()) == pytest.approx(1.0)
    best = await async_client.get_best_runs(sweep_id, count=2)
    assert [run.number for run in best.runs] == [3, 1]


async def test_importance_says_what_is_missing(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id

    with pytest.raises(wanllmdb.FailedPreconditionError) as too_few:
        await async_client.get_parameter_importance(sweep_id)

    assert too_few.value.reason == "NOT_ENOUGH_RUNS"
    assert too_few.value.metadata["finished"] == "0"


async def test_algorithms_are_described(async_client: AsyncClient) -> None:
    algorithms = {entry.method: entry for entry in await async_client.list_algorithms()}

    assert {Method.RANDOM, Method.GRID, Method.BAYES} <= set(algorithms)
    assert algorithms[Method.BAYES].needs_metric
    assert algorithms[Method.GRID].is_exhaustive


async def test_a_watch_tells_what_happens_and_can_be_taken_up_again(
    async_client: AsyncClient,
) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    changes = async_client.watch_sweep(sweep_id)
    first = await anext(changes)
    assert isinstance(first, SweepChanged)
    assert isinstance(await anext(changes), Checkpoint)

    (run,) = await handed_out(async_client, sweep_id)
    seen = [await anext(changes), await anext(changes)]
    (changed,) = [change.run for change in seen if isinstance(change, RunChanged)]
    assert changed == replace(run, metric_values=None)
    revision = max(change.revision for change in seen)

    await async_client.finish_run(sweep_id, 0, 1, wanllmdb.Succeeded(1.0))
    again = async_client.watch_sweep(sweep_id, since_revision=revision)
    ended = await anext(again)
    assert isinstance(ended, RunChanged)
    assert ended.run.state is RunState.FINISHED
    assert ended.revision > revision


async def test_an_update_overwrites_no_change_that_its_caller_has_not_seen(
    async_client: AsyncClient,
) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    (run,) = await handed_out(async_client, sweep_id)
    theirs = await async_client.update_run(sweep_id, 0, labels={"a": "1"})

    with pytest.raises(wanllmdb.AbortedError) as stale:
        await async_client.update_run(sweep_id, 0, labels={"b": "2"}, if_revision=run.revision)
    assert stale.value.reason == "REVISION_MISMATCH"
    assert stale.value.metadata == {
        "sweep_id": sweep_id,
        "number": "0",
        "revision": str(theirs.revision),
    }
    assert (await async_client.get_run(sweep_id, 0)).labels == {"a": "1"}

    mine = {**theirs.labels, "b": "2"}
    done = await async_client.update_run(sweep_id, 0, labels=mine, if_revision=theirs.revision)
    assert done.labels == {"a": "1", "b": "2"}


async def test_a_watch_ends_when_the_sweep_is_deleted(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    changes = async_client.watch_sweep(sweep_id)
    await anext(changes)

    await async_client.delete_sweep(sweep_id)

    assert [change async for change in changes if not isinstance(change, Checkpoint)] == []


async def test_a_watch_of_no_sweep_is_an_error(async_client: AsyncClient) -> None:
    with pytest.raises(wanllmdb.NotFoundError):
        await anext(async_client.watch_sweep("nosuchsweep1"))


async def test_the_blocking_client_does_the_same(client: Client) -> None:
    def use() -> None:
        sweep_id = client.create_sweep(config(), project="blocking").sweep.sweep_id
        (run,) = client.suggest(sweep_id, agent_id="tester").runs
        client.report_metrics(sweep_id, run.number, run.attempt, [MetricRow(0, {"loss": 1.0})])
        client.finish_run(sweep_id, run.number, run.attempt)
        assert [run.objective for run in client.list_runs(sweep_id)] == [1.0]
        assert client.get_metric_history(sweep_id, 0)["loss"].points[0].value == 1.0
        assert [sweep.sweep_id for sweep in client.list_sweeps(project="blocking")] == [sweep_id]
        changes = client.watch_sweep(sweep_id)
        assert isinstance(next(changes), SweepChanged | RunChanged)
        with pytest.raises(wanllmdb.NotFoundError):
            client.get_run(sweep_id, 5)

    await asyncio.to_thread(use)


async def test_a_proxy_for_the_world_outside_is_not_asked_for_local_services(
    registry_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    async with AsyncClient(registry_address, registry_address) as client:
        assert [sweep async for sweep in client.list_sweeps(project="nobody's")] == []


async def test_a_client_that_was_closed_says_so(registry_address: str) -> None:
    client = Client(registry_address)
    client.close()
    with pytest.raises(wanllmdb.WanllmdbError, match="the client was closed"):
        client.get_sweep("s")

    other = AsyncClient(registry_address)
    await other.close()
    with pytest.raises(wanllmdb.WanllmdbError, match="the client was closed"):
        await other.get_sweep("s")

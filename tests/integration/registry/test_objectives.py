"""Objective values: which reported value counts, several metrics, values that do not count."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run, get_sweep
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb

SEVERAL = [{"name": "loss"}, {"name": "acc", "goal": "maximize"}]


async def several(registry: Registry, metrics: Sequence[dict[str, Any]] = SEVERAL) -> str:
    """Return a sweep with several metrics and its running run 0."""
    sweep = await create_sweep(registry, metric=None, metrics=list(metrics))
    await create_runs(registry, sweep.sweep_id, proposal(0))
    return sweep.sweep_id


def end(
    sweep_id: str,
    number: int = 0,
    rows: Sequence[run_pb2.MetricRow] = (),
    pruned: bool = False,
    **succeeded: Any,
) -> pb.FinishRunRequest:
    request = pb.FinishRunRequest(sweep_id=sweep_id, number=number, attempt=1, rows=rows)
    if pruned:
        request.pruned.reason = "worse"
    else:
        request.succeeded.CopyFrom(pb.RunSucceeded(**succeeded))
    return request


async def report(
    registry: Registry, sweep_id: str, *rows: run_pb2.MetricRow, number: int = 0
) -> None:
    await registry.ReportMetrics(
        pb.ReportMetricsRequest(sweep_id=sweep_id, number=number, attempt=1, rows=rows)
    )


async def test_objectives_are_in_the_order_of_the_metrics_and_no_run_is_the_best(
    registry: Registry,
) -> None:
    sweep_id = await several(registry)
    rows = [row(0, {"acc": 0.5}), row(1, {"loss": 3.0, "other": 1.0})]
    answer = await registry.FinishRun(end(sweep_id, rows=rows))
    assert (answer.run.state, list(answer.run.objectives)) == (
        run_pb2.RUN_STATE_FINISHED,
        [3.0, 0.5],
    )
    assert not answer.run.HasField("objective")
    assert not answer.HasField("best_run")
    assert (await get_run(registry, sweep_id, 0)).objectives == answer.run.objectives
    assert not (await get_sweep(registry, sweep_id)).stats.HasField("best_run")
    synced = await registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep_id))
    assert list(synced.runs[0].objectives) == [3.0, 0.5]


async def test_values_given_by_name_go_before_what_was_reported(registry: Registry) -> None:
    sweep_id = await several(registry)
    rows = [row(0, {"acc": 0.5, "loss": 3.0})]
    answer = await registry.FinishRun(end(sweep_id, rows=rows, objectives={"acc": 0.75}))
    assert list(answer.run.objectives) == [3.0, 0.75]
    # With one metric, its name is optional.
    one = await create_sweep(registry)
    await create_runs(registry, one.sweep_id, proposal(0))
    answer = await registry.FinishRun(end(one.sweep_id, objectives={"loss": 2.0}))
    assert (answer.run.objective, list(answer.run.objectives)) == (2.0, [])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"objectives": {"accuracy": 1.0}}, "succeeded.objectives"),
        ({"objective": 1.0}, "succeeded.objective"),
    ],
)
async def test_values_under_other_names_are_rejected_and_the_run_goes_on(
    registry: Registry, given: dict[str, Any], field: str
) -> None:
    sweep_id = await several(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.FinishRun(end(sweep_id, rows=[row(0, {"loss": 1.0})], **given))
    assert failure.fields.keys() == {field}
    assert "loss, acc" in failure.fields[field]
    run = await get_run(registry, sweep_id, 0)
    assert (run.state, dict(run.summary)) == (run_pb2.RUN_STATE_RUNNING, {})


async def test_a_run_without_all_values_has_none_and_names_each_metric(registry: Registry) -> None:
    metrics = [*SEVERAL, {"name": "time"}, {"name": "size"}]
    sweep_id = await several(registry, metrics)
    rows = [row(0, {"acc": math.nan, "time": math.inf, "size": 1.0, "lr": 0.1})]
    answer = await registry.FinishRun(end(sweep_id, rows=rows))
    assert answer.run.state == run_pb2.RUN_STATE_FINISHED
    assert answer.run.error.message == (
        "the run ended without a value of metric 'loss'; the final value of metric 'acc' is NaN; "
        "the final value of metric 'time' is infinite (inf); it reported acc, lr, size, time"
    )
    assert not answer.run.objectives


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("given", [True, False])
async def test_a_value_that_is_not_finite_is_no_objective(
    registry: Registry, value: float, given: bool
) -> None:
    """An infinite objective would stay the best forever."""
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    request = end(sweep.sweep_id, objective=value)
    if not given:
        request = end(sweep.sweep_id, rows=[row(0, {"loss": value})])
    answer = await registry.FinishRun(request)
    assert answer.run.state == run_pb2.RUN_STATE_FINISHED
    assert "final value of metric 'loss' is" in answer.run.error.message
    pruned = await registry.FinishRun(
        end(sweep.sweep_id, 1, rows=[row(0, {"loss": value})], pruned=True)
    )
    assert (pruned.run.state, pruned.run.HasField("objective")) == (
        run_pb2.RUN_STATE_PRUNED,
        False,
    )
    assert not (await get_sweep(registry, runs[0].sweep_id)).stats.HasField("best_run")


async def test_the_last_value_is_the_one_with_the_highest_step_whenever_it_was_reported(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    await report(registry, sweep.sweep_id, row(5, {"loss": 5.0, "acc": 0.5}))
    await report(registry, sweep.sweep_id, row(9, {"acc": 0.9}))
    # A late report, for example from another thread: step 7 is newer for the loss, not for acc.
    await report(registry, sweep.sweep_id, row(7, {"loss": 7.0, "acc": 0.7}))
    await report(registry, sweep.sweep_id, row(3, {"loss": 3.0}))
    run = await get_run(registry, sweep.sweep_id, 0)
    assert (dict(run.summary), run.last_step) == ({"loss": 7.0, "acc": 0.9}, 9)
    # Values of the same step are overwritten.
    answer = await registry.FinishRun(end(sweep.sweep_id, rows=[row(7, {"loss": 7.5})]))
    assert answer.run.objective == 7.5


@pytest.mark.parametrize(
    ("goal", "value", "expected"),
    [
        ("minimize", "last", 4.0),
        ("maximize", "last", 4.0),
        ("minimize", "best", 1.0),
        ("maximize", "best", 9.0),
        ("minimize", "mean_last_2", 3.0),
        ("minimize", "mean_last_3", 5.0),
        ("minimize", "mean_last_100", 4.2),
    ],
)
@pytest.mark.parametrize("pruned", [False, True])
async def test_the_value_that_counts_is_the_sweeps_choice(
    registry: Registry, goal: str, value: str, expected: float, pruned: bool
) -> None:
    """Report in several calls, out of order, one step twice, and the rest with the run's end."""
    metric = {"name": "loss", "goal": goal, "value": value}
    sweep = await create_sweep(registry, metric=metric)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    await report(registry, sweep.sweep_id, row(0, {"loss": 5.0}), row(3, {"loss": 100.0}))
    await report(registry, sweep.sweep_id, row(1, {"loss": 1.0, "other": -50.0}))
    # Values of another run do not count.
    await report(registry, sweep.sweep_id, row(9, {"loss": -7.0}), number=1)
    rows = [row(4, {"loss": 4.0}), row(3, {"loss": 2.0}), row(2, {"loss": 9.0})]
    answer = await registry.FinishRun(end(sweep.sweep_id, rows=rows, pruned=pruned))
    assert answer.run.objective == pytest.approx(expected)


async def test_a_new_attempt_is_judged_by_its_own_values(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric={"name": "loss", "value": "best"})
    await create_runs(registry, sweep.sweep_id, proposal(0))
    await report(registry, sweep.sweep_id, row(0, {"loss": 0.5}))
    await registry.ReleaseRun(pb.ReleaseRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1))
    await create_runs(registry, sweep.sweep_id, proposal(0))
    request = end(sweep.sweep_id, rows=[row(0, {"loss": 2.0})])
    request.attempt = 2
    assert (await registry.FinishRun(request)).run.objective == 2.0


@pytest.mark.parametrize("value", ["best", "mean_last_2"])
async def test_values_that_are_reported_and_ended_with_at_once_all_count(
    registry: Registry, value: str
) -> None:
    """Calls that wait are written together, so the values may not be stored when the run ends."""
    sweep = await create_sweep(registry, metric={"name": "loss", "value": value})
    numbers = range(20)
    await create_runs(registry, sweep.sweep_id, *map(proposal, numbers))

    async def run(number: int) -> pb.FinishRunResponse:
        await asyncio.gather(
            report(registry, sweep.sweep_id, row(0, {"loss": number}), number=number),
            report(registry, sweep.sweep_id, row(1, {"loss": number + 2.0}), number=number),
        )
        return await registry.FinishRun(end(sweep.sweep_id, number))

    answers = await asyncio.gather(*map(run, numbers))
    offset = {"best": 0.0, "mean_last_2": 1.0}[value]
    assert [answer.run.objective for answer in answers] == [n + offset for n in numbers]


async def test_nan_is_passed_over_by_best_and_spoils_a_mean(registry: Registry) -> None:
    rows = [row(0, {"loss": 2.0}), row(1, {"loss": math.nan}), row(2, {"loss": -math.inf})]
    states, objectives = [], []
    for value in ("best", "mean_last_3", "mean_last_2"):
        sweep = await create_sweep(registry, metric={"name": "loss", "value": value})
        await create_runs(registry, sweep.sweep_id, proposal(0))
        answer = await registry.FinishRun(end(sweep.sweep_id, rows=rows))
        states.append(answer.run.state)
        objectives.append(answer.run.error.message or answer.run.objective)
    assert states == [run_pb2.RUN_STATE_FINISHED] * 3
    assert objectives == [
        2.0,
        "the mean of the last 3 values of metric 'loss' is NaN",
        "the mean of the last 2 values of metric 'loss' is NaN",
    ]


async def test_several_metrics_each_have_their_own_rule(registry: Registry) -> None:
    metrics = [
        {"name": "a", "value": "best", "goal": "maximize"},
        {"name": "b", "value": "mean_last_2"},
        {"name": "c"},
    ]
    sweep_id = await several(registry, metrics)
    values = [(1.0, 1.0, 1.0), (9.0, 2.0, 2.0), (2.0, 4.0, 3.0)]
    rows = [row(i, dict(zip("abc", v, strict=True))) for i, v in enumerate(values)]
    await report(registry, sweep_id, *rows[:2])
    answer = await registry.FinishRun(end(sweep_id, rows=rows[2:]))
    assert list(answer.run.objectives) == [9.0, 3.0, 3.0]


async def test_all_targets_must_be_met_by_one_run(registry: Registry) -> None:
    metrics = [
        {"name": "loss", "target": 1.0},
        {"name": "acc", "goal": "maximize", "target": 0.9},
        {"name": "time"},
    ]
    sweep = await create_sweep(registry, metric=None, metrics=metrics)
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(4)))
    for number, (loss, acc) in enumerate([(0.5, 0.5), (2.0, 0.95)]):
        objectives = {"loss": loss, "acc": acc, "time": 1.0}
        answer = await registry.FinishRun(end(sweep.sweep_id, number, objectives=objectives))
        assert answer.sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    objectives = {"loss": 1.0, "acc": 0.9, "time": 7.0}
    await registry.FinishRun(end(sweep.sweep_id, 2, objectives=objectives))
    after = await get_sweep(registry, sweep.sweep_id)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_TARGET_REACHED
    assert after.end_message == (
        "run 2 reached the target: loss is 1, the target is 1; acc is 0.9, the target is 0.9"
    )


async def test_a_sweep_without_a_metric_finishes_runs_without_values(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric=None)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    answer = await finish_run(registry, run)
    assert answer.run.state == run_pb2.RUN_STATE_FINISHED
    assert not answer.run.HasField("objective")


async def test_targets_that_are_set_later_may_have_been_met_before(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric=None, metrics=list(SEVERAL))
    await create_runs(registry, sweep.sweep_id, *map(proposal, range(3)))
    for number, (loss, acc) in enumerate([(1.0, 0.5), (2.0, 0.9)]):
        objectives = {"loss": loss, "acc": acc}
        await registry.FinishRun(end(sweep.sweep_id, number, objectives=objectives))

    async def aim(loss: float, acc: float) -> sweep_pb2.Sweep:
        spec = sweep_pb2.SweepSpec(
            metrics=[
                sweep_pb2.Metric(name="loss", target=loss),
                sweep_pb2.Metric(name="acc", target=acc),
            ]
        )
        request = pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id, spec=spec),
            update_mask=field_mask_pb2.FieldMask(paths=["spec.metrics"]),
        )
        return (await registry.UpdateSweep(request)).sweep

    # Both targets are reached, but by different runs.
    assert (await aim(1.0, 0.9)).state == sweep_pb2.SWEEP_STATE_RUNNING
    after = await aim(2.0, 0.75)
    assert after.finish_reason == sweep_pb2.FINISH_REASON_TARGET_REACHED
    assert after.end_message.startswith("run 1 reached the target")


async def test_a_run_without_values_meets_no_target_of_several_metrics(registry: Registry) -> None:
    metrics: list[dict[str, Any]] = [
        {"name": "loss", "target": 1.0},
        {"name": "acc", "goal": "maximize"},
    ]
    sweep_id = await several(registry, metrics)
    await create_runs(registry, sweep_id, proposal(1))
    answer = await registry.FinishRun(end(sweep_id, rows=[row(0, {"acc": 0.5})]))
    assert answer.run.state == run_pb2.RUN_STATE_FINISHED
    assert answer.sweep_state == sweep_pb2.SWEEP_STATE_RUNNING
    # The result is the same for a target that is set after the runs finished.
    changed = sweep_pb2.SweepSpec(metrics=[sweep_pb2.Metric(name="loss", target=0.5)])
    await registry.UpdateSweep(
        pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep_id, spec=changed),
            update_mask=field_mask_pb2.FieldMask(paths=["spec.metrics"]),
            request_id=request_id(),
        )
    )
    answer = await registry.FinishRun(end(sweep_id, 1, rows=[row(0, {"acc": 0.5, "loss": 0.25})]))
    assert answer.sweep_state == sweep_pb2.SWEEP_STATE_FINISHED

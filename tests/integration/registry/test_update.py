"""UpdateSweep on an existing sweep, also while it runs."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.sweeps import (
    Registry,
    config_text,
    create_runs,
    create_runs_request,
    create_sweep,
    finish_run,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import search_space_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto


async def update(
    registry: Registry, sweep: sweep_pb2.Sweep, *paths: str, **spec: Any
) -> pb.UpdateSweepResponse:
    """Set the named fields of the spec. Fields that only the mask names become absent."""
    changed = sweep_pb2.Sweep(sweep_id=sweep.sweep_id, spec=sweep_pb2.SweepSpec(**spec))
    mask = field_mask_pb2.FieldMask(paths=paths or [f"spec.{field}" for field in spec])
    request = pb.UpdateSweepRequest(sweep=changed, update_mask=mask, request_id=request_id())
    return await registry.UpdateSweep(request)


def hyperband(**fields: Any) -> sweep_pb2.EarlyTermination:
    return sweep_pb2.EarlyTermination(hyperband=sweep_pb2.Hyperband(**fields))


def choice(name: str) -> sweep_pb2.AlgorithmChoice:
    return sweep_pb2.AlgorithmChoice(name=name)


@pytest.mark.parametrize(
    "spec",
    [
        {"run_cap": 9},
        {"max_failed_runs": 3},
        {"retries": sweep_pb2.RetryPolicy(lost=0, failed=7)},
        {"early_termination": hyperband(max_iter=27, s=2, eta=3, strict=True)},
        {"early_termination": sweep_pb2.EarlyTermination(pruner=choice("median"))},
        {"terminator": choice("no_improvement")},
    ],
    ids=lambda spec: next(iter(spec)),
)
async def test_each_part_of_the_spec_is_set_and_removed(
    registry: Registry, spec: dict[str, Any]
) -> None:
    sweep = await create_sweep(registry)
    (field,) = spec
    after = (await update(registry, sweep, **spec)).sweep
    assert getattr(after.spec, field) == spec[field]
    stored = await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
    assert stored.sweep == after
    unset = (await update(registry, sweep, f"spec.{field}")).sweep
    assert unset.spec == sweep.spec


async def test_targets_are_changed_by_name(registry: Registry) -> None:
    metrics = [{"name": "a"}, {"name": "b", "target": 1.0}]
    sweep = await create_sweep(registry, metric=None, metrics=metrics)
    Metric = sweep_pb2.Metric  # noqa: N806  # a class
    after = (await update(registry, sweep, metrics=[Metric(name="a", target=2.0)])).sweep
    assert [metric.target for metric in after.spec.metrics] == [2.0, 1.0]
    after = (await update(registry, sweep, metrics=[Metric(name="b")])).sweep
    assert [metric.HasField("target") for metric in after.spec.metrics] == [True, False]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await update(registry, sweep, metrics=[Metric(name="a"), Metric(target=1.0)])
    assert failure.fields.keys() == {"sweep.spec.metrics[1].name"}


async def test_every_problem_is_named_and_nothing_is_changed(registry: Registry) -> None:
    sweep = await create_sweep(registry, metric=None)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await update(
            registry,
            sweep,
            run_cap=0,
            max_failed_runs=0,
            early_termination=hyperband(min_iter=1),
            terminator=choice("no_such"),
            retries=sweep_pb2.RetryPolicy(lost=101),
        )
    assert failure.fields.keys() == {
        "run_cap",
        "max_failed_runs",
        "early_terminate",
        "terminate",
        "terminate.name",
        "retries.lost",
    }
    stored = await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
    assert stored.sweep == sweep


async def test_an_early_termination_without_a_rule_is_rejected(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await update(registry, sweep, early_termination=sweep_pb2.EarlyTermination())
    assert failure.fields.keys() == {"early_terminate"}


async def test_what_can_not_be_changed_is_rejected(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    for path in ("spec.method", "spec.sampler", "spec.seed", "state", "spec", ""):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
            await update(registry, sweep, path)
        assert "spec.search_space" in failure.fields["update_mask"]


async def test_a_repeated_update_has_the_same_answer(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    changed = sweep_pb2.Sweep(sweep_id=sweep.sweep_id, name="new", etag=sweep.etag)
    mask = field_mask_pb2.FieldMask(paths=["name"])
    request = pb.UpdateSweepRequest(sweep=changed, update_mask=mask, request_id=request_id())
    first = await registry.UpdateSweep(request)
    # The change itself made the etag stale, which a repetition of the request must ignore.
    assert await registry.UpdateSweep(request) == first


async def test_a_lower_cap_and_new_rules_are_warned_of(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    assert not (await update(registry, sweep, early_termination=hyperband(min_iter=2))).warnings
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    response = await update(registry, sweep, run_cap=1, early_termination=hyperband(min_iter=1))
    lower, early = response.warnings
    assert lower.startswith("the sweep already has 2 runs, more than the new run_cap of 1")
    assert "from its next report on" in early


async def test_an_ended_sweep_can_be_changed_and_says_that_it_has_ended(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    response = await update(registry, sweep, early_termination=hyperband(min_iter=2))
    assert response.sweep.spec.early_termination.hyperband.min_iter == 2
    assert response.sweep.state == sweep_pb2.SWEEP_STATE_FINISHED
    assert "the sweep is FINISHED" in response.warnings[0]


async def test_a_cap_or_a_target_that_is_met_ends_the_sweep(registry: Registry) -> None:
    for spec, reason in (
        ({"run_cap": 1}, sweep_pb2.FINISH_REASON_RUN_CAP),
        ({"metrics": [sweep_pb2.Metric(target=2.0)]}, sweep_pb2.FINISH_REASON_TARGET_REACHED),
    ):
        sweep = await create_sweep(registry)
        (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
        await finish_run(registry, run, 1.0)
        after = (await update(registry, sweep, **spec)).sweep
        assert (after.state, after.finish_reason) == (sweep_pb2.SWEEP_STATE_FINISHED, reason)


async def space_of(registry: Registry, config: dict[str, Any]) -> search_space_pb2.SearchSpace:
    """Return the typed form of parameters and constraints."""
    request = pb.ParseSweepConfigRequest(config_text=config_text(**config))
    return (await registry.ParseSweepConfig(request)).spec.search_space


async def widen(
    registry: Registry, sweep: sweep_pb2.Sweep, **config: Any
) -> pb.UpdateSweepResponse:
    return await update(registry, sweep, search_space=await space_of(registry, config))


NARROW: dict[str, Any] = {
    "x": {"min": 0.0, "max": 1.0},
    "g": {"parameters": {"n": {"min": 1, "max": 8}, "kind": {"values": ["a", "b"]}}},
}
WIDE: dict[str, Any] = {
    "x": {"min": -1.0, "max": 2.0},
    "g": {
        "parameters": {
            "n": {"min": 1, "max": 16},
            "kind": {"values": ["a", "b", "c"]},
            "more": {"min": 0, "max": 3, "when": {"kind": "c"}},
        }
    },
}


async def test_a_space_grows_and_the_answer_says_what_becomes_of_the_runs(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry, parameters=NARROW, constraints=["g.n > x"])
    first = internal_pb.RunProposal(
        number=0, parameters=parameters_to_proto({"x": 0.5, "g/n": 3, "g/kind": "a"})
    )
    await create_runs(registry, sweep.sweep_id, first)
    response = await widen(registry, sweep, parameters=WIDE)
    assert response.sweep.spec.search_space == await space_of(registry, {"parameters": WIDE})
    assert response.sweep.etag != sweep.etag
    assert any("existing runs keep their parameters" in text for text in response.warnings)
    assert any("'g/more' is new" in text for text in response.warnings)
    exported = await registry.ExportSweep(pb.ExportSweepRequest(sweep_id=sweep.sweep_id))
    config = pb.CreateSweepRequest(config_text=pb.ConfigText(text=exported.text))
    assert (await registry.CreateSweep(config)).sweep.spec == response.sweep.spec


async def test_a_space_that_shrinks_is_rejected_with_every_path(registry: Registry) -> None:
    sweep = await create_sweep(registry, parameters=WIDE)
    narrow = {**NARROW, "new": {"value": 1}}
    narrow["g"] = {"parameters": {**NARROW["g"]["parameters"], "n": {"min": 1.0, "max": 16.0}}}
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await widen(registry, sweep, parameters=narrow, constraints=["x < 1"])
    assert failure.fields.keys() == {
        "parameters.x",
        "parameters.g.parameters.n",
        "parameters.g.parameters.kind",
        "parameters.g.parameters.more",
        "parameters.new",
        "constraints",
    }
    stored = await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
    assert stored.sweep == sweep


async def test_a_new_space_must_be_in_order_itself(registry: Registry) -> None:
    sweep = await create_sweep(registry, parameters=NARROW)
    space = await space_of(registry, {"parameters": WIDE})
    space.parameters.add(name="g/none")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await update(registry, sweep, search_space=space)
    assert failure.fields.keys() == {"parameters.g.parameters.none"}
    del space.parameters[-1]
    space.parameters[-1].uniform.max = -5
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await update(registry, sweep, search_space=space)
    assert failure.fields.keys() == {"parameters.x.min"}
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await update(registry, sweep, "spec.search_space")
    assert failure.fields.keys() == {"parameters"}


async def test_an_exhausted_space_that_grows_is_not_exhausted(registry: Registry) -> None:
    def grid(*values: int) -> dict[str, Any]:
        return {"method": "grid", "parameters": {"x": {"values": list(values)}}}

    sweep = await create_sweep(registry, **grid(1))
    request = create_runs_request(
        sweep.sweep_id, internal_pb.RunProposal(number=0, parameters=parameters_to_proto({"x": 1}))
    )
    request.space_exhausted = True
    (created,) = (await registry.CreateRuns(request)).results
    wider = await widen(registry, sweep, **grid(1, 2))
    assert wider.sweep.state == sweep_pb2.SWEEP_STATE_RUNNING
    await finish_run(registry, created.runs[0], 1.0)
    stored = (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))).sweep
    assert stored.state == sweep_pb2.SWEEP_STATE_RUNNING
    # The same space is not a change, and an ended sweep stays ended.
    assert not (await widen(registry, sweep, **grid(1, 2))).warnings
    await registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep.sweep_id))
    response = await widen(registry, sweep, **grid(1, 2, 3))
    assert response.sweep.state == sweep_pb2.SWEEP_STATE_FINISHED
    assert len(response.warnings) == 1

"""Assigned runs follow the space: conditions, constraints, grids."""

from __future__ import annotations

import grpc
import grpc.aio
import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import new_id, reason, values
from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

CONDITIONAL = """
  epochs: {min: 1, max: 3}
  optimizer:
    parameters:
      kind: {values: [adam, sgd]}
      momentum: {values: [0.0, 0.5, 0.9], when: {optimizer/kind: sgd}}
      nesterov: {values: [true, false], when: {optimizer/momentum: [0.5, 0.9]}}
"""
CONSTRAINTS = 'constraints: ["optimizer.momentum < 0.6 or epochs > 1", "epochs != 2"]'


def is_allowed(point: dict[str, object]) -> bool:
    is_sgd = point["optimizer/kind"] == "sgd"
    has_momentum = "optimizer/momentum" in point
    moves = point.get("optimizer/momentum") in (0.5, 0.9)
    fast = point.get("optimizer/momentum") == 0.9
    return (
        has_momentum == is_sgd
        and ("optimizer/nesterov" in point) == moves
        and (not fast or point["epochs"] != 1)
        and point["epochs"] != 2
    )


async def test_random_runs_have_the_parameters_that_their_values_activate(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep(space=CONDITIONAL, more=CONSTRAINTS)
    points = [values(run) for run in (await sweep.suggest(100)).runs]
    assert all(map(is_allowed, points))
    assert {len(point) for point in points} == {2, 3, 4}


@pytest.mark.parametrize("shuffle", ["false", "true"])
async def test_a_grid_assigns_each_allowed_point_once_and_ends(
    new_sweep: NewSweep, shuffle: str
) -> None:
    options = f"sampler: {{name: grid, options: {{shuffle: {shuffle}}}}}"
    sweep = await new_sweep("grid", space=CONDITIONAL, more=f"{CONSTRAINTS}\n{options}")
    answer = await sweep.suggest(50)
    points = [values(run) for run in answer.runs]
    assert all(map(is_allowed, points))
    # Of each optimizer, for epochs 1 and 3: adam, and sgd with momentum 0, 0.5 and 0.9,
    # the latter two with and without nesterov, but 0.9 for 3 epochs only.
    assert len({str(point) for point in points}) == len(points) == 1 + 1 + 2 + 1 + 1 + 2 + 2
    assert answer.exhausted == pb.EXHAUSTED_REASON_SPACE_EXHAUSTED
    in_order = sorted(points, key=lambda point: (point["epochs"], point["optimizer/kind"]))
    assert (points == in_order) == (shuffle == "false")


async def test_a_partly_given_run_is_completed_within_the_space(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(space=CONDITIONAL, more=CONSTRAINTS)
    await sweep.enqueue(*[parameters_to_proto({"optimizer/momentum": 0.9})] * 5)
    for run in (await sweep.suggest(5)).runs:
        point = values(run)
        assert is_allowed(point)
        assert point["optimizer/momentum"] == 0.9
        assert point["epochs"] == 3


async def test_creating_a_grid_returns_its_size_and_how_it_was_cut(
    registry: RegistryStub,
) -> None:
    text = """
      {method: grid, sampler: {name: grid, options: {grid_points: 4}}, constraints: ["x < n"],
       parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 5}}}
    """
    response = await registry.CreateSweep(
        rpb.CreateSweepRequest(config_text=rpb.ConfigText(text=text), request_id=new_id())
    )
    assert response.grid_size == 20
    cut, left_out = response.warnings
    assert "parameter 'x'" in cut
    assert "4 values evenly spaced" in cut
    assert "violate a constraint" in left_out


async def test_a_space_without_a_point_is_rejected(new_sweep: NewSweep) -> None:
    for method in ("random", "grid"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await new_sweep(method, space=CONDITIONAL, more='constraints: ["epochs > 3"]')
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert reason(caught.value) == "INVALID_SWEEP_CONFIG"

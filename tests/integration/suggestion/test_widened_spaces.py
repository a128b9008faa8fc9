"""Proposals after the space of a running sweep is widened."""

from __future__ import annotations

import pytest
from google.protobuf import field_mask_pb2

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import sweep_pb2


async def widen(sweep: Sweep, space: str) -> None:
    """Replace the sweep's space with a wider one."""
    text = f"method: random\nparameters:{space}"
    parsed = await sweep.registry.ParseSweepConfig(
        rpb.ParseSweepConfigRequest(config_text=rpb.ConfigText(text=text))
    )
    spec = sweep_pb2.SweepSpec(search_space=parsed.spec.search_space)
    await sweep.registry.UpdateSweep(
        rpb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id, spec=spec),
            update_mask=field_mask_pb2.FieldMask(paths=["spec.search_space"]),
            request_id=new_id(),
        )
    )


async def test_a_grid_continues_with_the_new_points(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("grid", space="\n  a: {values: [1, 2]}\n  b: {values: [x, y]}")
    # One run stays running, so that the exhausted sweep does not finish yet.
    runs = (await sweep.suggest(10)).runs
    assert len(runs) == 4
    for run in runs[1:]:
        await sweep.finish(run, 1.0)
    assert not (await sweep.suggest(1)).runs
    await widen(sweep, "\n  a: {values: [0, 1, 2]}\n  b: {values: [x, y]}")
    more = (await sweep.suggest(10)).runs
    assert [values(run) for run in more] == [{"a": 0, "b": "x"}, {"a": 0, "b": "y"}]
    for run in (*more, runs[0]):
        await sweep.finish(run, 1.0)
    assert (await sweep.get()).finish_reason == sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_proposals_come_from_the_new_space(new_sweep: NewSweep, method: str) -> None:
    sweep = await new_sweep(method, space="\n  x: {min: 0.0, max: 1.0}\n  k: {values: [a, b]}")
    for _ in range(12):
        [run] = (await sweep.suggest()).runs
        # The best objective lies at and beyond the upper bound.
        await sweep.finish(run, -float(values(run)["x"]))
    await widen(
        sweep,
        """
  x: {min: 0.0, max: 10.0}
  k: {values: [a, b, c]}
  only_c: {min: 1, max: 3, when: {k: c}}
""",
    )
    found = []
    for _ in range(25):
        [run] = (await sweep.suggest()).runs
        found.append(values(run))
        await sweep.finish(run, -float(found[-1]["x"]))
    assert max(point["x"] for point in found) > 1
    assert {point["k"] for point in found} == {"a", "b", "c"}
    assert all(("only_c" in point) == (point["k"] == "c") for point in found)

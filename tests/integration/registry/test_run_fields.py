"""Runs over gRPC: what users write on them, and lists."""

from __future__ import annotations

from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import refused
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2


async def test_runs_are_found_by_the_outside_trackers_id(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))

    def link(number: int, external: str) -> pb.UpdateRunRequest:
        run = run_pb2.Run(sweep_id=sweep.sweep_id, number=number, external_run_id=external)
        mask = field_mask_pb2.FieldMask(paths=["external_run_id"])
        return pb.UpdateRunRequest(run=run, update_mask=mask)

    await registry.UpdateRun(link(0, "mlflow-7"))
    found = await registry.GetRun(
        pb.GetRunRequest(sweep_id=sweep.sweep_id, external_run_id="mlflow-7")
    )
    assert found.run.number == 0
    with refused(StatusCode.ALREADY_EXISTS, "EXTERNAL_RUN_ID_TAKEN"):
        await registry.UpdateRun(link(1, "mlflow-7"))
    await registry.UpdateRun(link(0, ""))
    with refused(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.GetRun(pb.GetRunRequest(sweep_id=sweep.sweep_id, external_run_id="mlflow-7"))
    await registry.UpdateRun(link(1, "mlflow-7"))
    labels = run_pb2.Run(sweep_id=sweep.sweep_id, number=1, labels={"gpu": "a100"})
    mask = field_mask_pb2.FieldMask(paths=["labels"])
    after = await registry.UpdateRun(pb.UpdateRunRequest(run=labels, update_mask=mask))
    assert (after.run.external_run_id, dict(after.run.labels)) == ("mlflow-7", {"gpu": "a100"})


async def test_run_lists_page_by_number_and_objective(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, *map(proposal, range(9)))
    objectives = {0: 3.0, 2: 1.0, 3: 1.0, 5: -2.0, 8: 1e300}
    for number, objective in objectives.items():
        await finish_run(registry, runs[number], objective)

    async def numbers(order: pb.RunOrder.ValueType, **filters: object) -> list[int]:
        request = pb.ListRunsRequest(sweep_id=sweep.sweep_id, order=order, page_size=2)
        request.MergeFrom(pb.ListRunsRequest(**filters))  # type: ignore[arg-type]
        found: list[int] = []
        while True:
            page = await registry.ListRuns(request)
            assert len(page.runs) <= 2
            found += [run.number for run in page.runs]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    assert await numbers(pb.RUN_ORDER_UNSPECIFIED) == list(range(9))
    assert await numbers(pb.RUN_ORDER_NUMBER_DESC) == list(reversed(range(9)))
    assert await numbers(pb.RUN_ORDER_OBJECTIVE_ASC) == [5, 2, 3, 0, 8, 1, 4, 6, 7]
    assert await numbers(pb.RUN_ORDER_OBJECTIVE_DESC) == [8, 0, 2, 3, 5, 1, 4, 6, 7]
    running = [run_pb2.RUN_STATE_RUNNING]
    assert await numbers(pb.RUN_ORDER_NUMBER_ASC, states=running) == [1, 4, 6, 7]

"""The fields of runs that users write, and lists of runs, over gRPC."""

from __future__ import annotations

import math
from typing import Any

from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.reads import get_run
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto, parameters_to_proto


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
    with rpc_fails(StatusCode.ALREADY_EXISTS, "EXTERNAL_RUN_ID_TAKEN"):
        await registry.UpdateRun(link(1, "mlflow-7"))
    await registry.UpdateRun(link(0, ""))
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
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


def update(run: run_pb2.Run, *paths: str) -> pb.UpdateRunRequest:
    return pb.UpdateRunRequest(
        run=run, update_mask=field_mask_pb2.FieldMask(paths=paths), request_id=request_id()
    )


CONFIG: dict[str, Any] = {
    "seed": 7,
    "lr": 1e20,
    "nan": math.nan,
    "deep": {"a": [1, 2.5, None, {"b": math.inf}]},
    "text": "with \0 and é",
}


async def test_a_runs_name_labels_and_config_are_kept_with_their_types(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    run = run_pb2.Run(
        sweep_id=sweep.sweep_id,
        number=0,
        name="baseline",
        labels={"gpu": "a100"},
        config=parameters_to_proto(CONFIG),
    )
    request = update(run, "name", "labels", "config")
    answer = await registry.UpdateRun(request)
    assert await registry.UpdateRun(request) == answer
    got = await get_run(registry, sweep.sweep_id, 0)
    # The answer to a change does not count the reported values.
    answer.run.metric_values = 0
    assert got == answer.run
    assert (got.name, dict(got.labels)) == ("baseline", {"gpu": "a100"})
    read = parameters_from_proto(got.config)
    assert repr(read) == repr(dict(sorted(CONFIG.items())))
    # The sampler uses the parameters alone.
    assert parameters_from_proto(got.parameters) == {"n": 1, "x": 0.5}
    # Only the fields of the mask change, each as a whole.
    answer = await registry.UpdateRun(
        update(run_pb2.Run(sweep_id=sweep.sweep_id, number=0), "config")
    )
    assert (answer.run.name, dict(answer.run.config)) == ("baseline", {})


async def test_a_run_may_bring_its_config_with_its_end(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    runs = await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    for run in runs:
        config = parameters_to_proto({"seed": run.number})
        await registry.UpdateRun(
            update(run_pb2.Run(sweep_id=sweep.sweep_id, number=run.number, config=config), "config")
        )
    finish = pb.FinishRunRequest(
        sweep_id=sweep.sweep_id,
        number=0,
        attempt=1,
        succeeded=pb.RunSucceeded(objective=1.0),
        config=parameters_to_proto({"cut": -math.inf}),
    )
    answer = await registry.FinishRun(finish)
    assert parameters_from_proto(answer.run.config) == {"cut": -math.inf}
    # An empty mask leaves all fields as they are.
    await finish_run(registry, runs[1], 1.0)
    after = await get_run(registry, sweep.sweep_id, 1)
    assert parameters_from_proto(after.config) == {"seed": 1}


async def test_limits_are_reported_all_at_once(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0))
    values: dict[str, Any] = {f"key{i}": i for i in range(1_001)}
    values["big"] = "x" * 300_000
    run = run_pb2.Run(
        sweep_id=sweep.sweep_id,
        number=0,
        name="n" * 201,
        labels={str(i): "" for i in range(101)},
        config=parameters_to_proto(values),
        external_run_id="e" * 201,
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.UpdateRun(update(run, "name", "color"))
    assert failure.fields.keys() == {
        "run.name",
        "run.labels",
        "run.config",
        "run.external_run_id",
        "update_mask",
    }
    assert "name, labels, config, external_run_id can" in failure.fields["update_mask"]
    run = run_pb2.Run(sweep_id=sweep.sweep_id, number=5, name="n")
    with rpc_fails(StatusCode.NOT_FOUND, "RUN_NOT_FOUND"):
        await registry.UpdateRun(update(run, "name"))


async def test_what_is_too_long_of_an_error_is_cut_and_says_so(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    await create_runs(registry, sweep.sweep_id, proposal(0), proposal(1))
    traceback = "".join(f"  line {i:06}\n" for i in range(20_000)) + "ValueError: boom"
    error = run_pb2.RunError(message="m" * 200_000, traceback=traceback)
    failed = pb.RunFailed(error=error)
    answer = await registry.FinishRun(
        pb.FinishRunRequest(sweep_id=sweep.sweep_id, number=0, attempt=1, failed=failed)
    )
    got = answer.run.error
    assert len(got.message) == 4_096
    assert got.message.endswith("mmm ... (195,904 more characters were cut)")
    assert 65_000 < len(got.traceback) <= 65_536
    first, second, *_, last = got.traceback.splitlines()
    assert first.endswith("characters were cut here) ...")
    # The names match from the start of a line to its end.
    assert second.startswith("  line ")
    assert last == "ValueError: boom"
    reason = "r" * 5_000
    answer = await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=sweep.sweep_id, number=1, attempt=1, canceled=pb.RunCanceled(reason=reason)
        )
    )
    assert answer.run.error.message.endswith("more characters were cut)")

"""Prior runs, as the tests import and read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sweeps import (
    Registry,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

FINISHED, PRUNED, FAILED = (
    run_pb2.RUN_STATE_FINISHED,
    run_pb2.RUN_STATE_PRUNED,
    run_pb2.RUN_STATE_FAILED,
)


def prior(
    parameters: Mapping[str, Any],
    *objectives: float,
    state: run_pb2.RunState.ValueType = FINISHED,
) -> run_pb2.PriorRun:
    return run_pb2.PriorRun(
        parameters=parameters_to_proto(dict(parameters)), objectives=objectives, state=state
    )


async def import_runs(
    registry: Registry, sweep_id: str, /, *, skip_unfit: bool = False, **source: Any
) -> pb.ImportRunsResponse:
    if "runs" in source:
        source["runs"] = pb.PriorRunList(runs=source["runs"])
    return await registry.ImportRuns(
        pb.ImportRunsRequest(
            sweep_id=sweep_id,
            source=pb.PriorRunSource(skip_unfit=skip_unfit, **source),
            request_id=request_id(),
        )
    )


async def prior_runs(
    registry: Registry, sweep_id: str, page_size: int = 0
) -> list[run_pb2.PriorRun]:
    """Return all prior runs, page by page."""
    request = pb.ListPriorRunsRequest(sweep_id=sweep_id, page_size=page_size)
    found: list[run_pb2.PriorRun] = []
    while True:
        page = await registry.ListPriorRuns(request)
        found += page.runs
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token

"""Requests that tests of both services make."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

Registry: TypeAlias = RegistryStub

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "n": {"min": 1, "max": 8}},
}


def request_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def config_text(**changes: Any) -> pb.ConfigText:
    """Return `CONFIG` with some keys changed, as text."""
    return pb.ConfigText(text=json.dumps({**CONFIG, **changes}), keeps_floats=True)


async def create_sweep(registry: Registry, **changes: Any) -> sweep_pb2.Sweep:
    """Create a sweep from `CONFIG` with some keys changed."""
    request = pb.CreateSweepRequest(config_text=config_text(**changes), request_id=request_id())
    return (await registry.CreateSweep(request)).sweep


def proposal(number: int, **parameters: Any) -> internal_pb.RunProposal:
    """Return a proposal, by default with x = 0.5 and n = 1."""
    return internal_pb.RunProposal(
        number=number, parameters=parameters_to_proto({"x": 0.5, "n": 1, **parameters})
    )


def create_runs_request(
    sweep_id: str,
    *proposals: internal_pb.RunProposal,
    agent_id: str = "agent",
    request_id: str = "",
) -> internal_pb.CreateRunsRequest:
    """Return the request that the suggestion service sends for one waiting Suggest."""
    return internal_pb.CreateRunsRequest(
        sweep_id=sweep_id,
        requests=[
            internal_pb.RunsForAgent(
                request_id=request_id or str(uuid.uuid4()),
                agent_id=agent_id,
                count=len(proposals),
                proposals=proposals,
            )
        ],
    )


async def create_runs(
    registry: Registry, sweep_id: str, *proposals: internal_pb.RunProposal
) -> list[run_pb2.Run]:
    """Create the runs of the proposals."""
    response = await registry.CreateRuns(create_runs_request(sweep_id, *proposals))
    assert not response.conflict
    return list(response.results[0].runs)


async def finish_run(
    registry: Registry, run: run_pb2.Run, objective: float | None = None
) -> pb.FinishRunResponse:
    """Finish a run successfully."""
    return await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=run.sweep_id,
            number=run.number,
            attempt=run.attempt,
            succeeded=pb.RunSucceeded(objective=objective),
            request_id=request_id(),
        )
    )


def row(step: int, values: Mapping[str, float]) -> run_pb2.MetricRow:
    """Return the values of one step."""
    return run_pb2.MetricRow(step=step, values=values)

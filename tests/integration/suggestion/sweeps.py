"""Sweeps and runs over gRPC, for tests of the suggestion service."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.error_mapping import STATUS_DETAILS_KEY
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto

SPACE = """
  dropout: {distribution: uniform, min: 0.0, max: 0.5, q: 0.1}
  layers: {min: 1, max: 8}
  lr: {distribution: log_uniform, min: 0.0001, max: 0.1}
  optimizer: {values: [adam, sgd, 1, 1.0, null]}
  width: {distribution: normal, mu: 0, sigma: 3}
"""

GRID = """
  a: {values: [1, 2, 3]}
  b: {values: [x, y]}
"""


def new_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep and both services' stubs."""

    registry: RegistryStub
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub
    sweep_id: str

    async def suggest(
        self,
        count: int = 1,
        request_id: str | None = None,
        agent: str = "agent",
        *,
        resume: bool = False,
    ) -> pb.SuggestResponse:
        return await self.suggestion.Suggest(
            pb.SuggestRequest(
                sweep_id=self.sweep_id,
                count=count,
                agent_id=agent,
                request_id=request_id or new_id(),
                resume=resume,
            )
        )

    async def finish(self, run: run_pb2.Run, objective: float | None = None) -> None:
        await self.registry.FinishRun(
            rpb.FinishRunRequest(
                sweep_id=self.sweep_id,
                number=run.number,
                attempt=run.attempt,
                succeeded=rpb.RunSucceeded(objective=objective),
                request_id=new_id(),
            )
        )

    async def fail(self, run: run_pb2.Run) -> None:
        await self.registry.FinishRun(
            rpb.FinishRunRequest(
                sweep_id=self.sweep_id,
                number=run.number,
                attempt=run.attempt,
                failed=rpb.RunFailed(error=run_pb2.RunError(message="broken")),
                request_id=new_id(),
            )
        )

    async def report(self, run: run_pb2.Run, values: Sequence[float], first_step: int = 0) -> None:
        rows = [
            run_pb2.MetricRow(step=first_step + i, values={"loss": value})
            for i, value in enumerate(values)
        ]
        await self.registry.ReportMetrics(
            rpb.ReportMetricsRequest(
                sweep_id=self.sweep_id,
                number=run.number,
                attempt=run.attempt,
                rows=rows,
                request_id=new_id(),
            )
        )

    async def report_row(self, run: run_pb2.Run, values: dict[str, float]) -> None:
        """Report values of several metrics at step 0."""
        await self.registry.ReportMetrics(
            rpb.ReportMetricsRequest(
                sweep_id=self.sweep_id,
                number=run.number,
                attempt=run.attempt,
                rows=[run_pb2.MetricRow(step=0, values=values)],
                request_id=new_id(),
            )
        )

    async def enqueue(self, *runs: dict[str, search_space_pb2.ParameterValue]) -> None:
        await self.registry.EnqueueRuns(
            rpb.EnqueueRunsRequest(
                sweep_id=self.sweep_id,
                runs=[rpb.EnqueuedRun(parameters=parameters) for parameters in runs],
                request_id=new_id(),
            )
        )

    async def get(self) -> sweep_pb2.Sweep:
        response = await self.registry.GetSweep(rpb.GetSweepRequest(sweep_id=self.sweep_id))
        return response.sweep

    async def trials(self, count: int) -> list[dict[str, Any]]:
        """Run trials one after the other; each finishes with `loss_of` its parameters."""
        found = []
        for _ in range(count):
            [run] = (await self.suggest()).runs
            found.append(values(run))
            await self.finish(run, loss_of(found[-1]))
        return found


def values(run: run_pb2.Run) -> dict[str, Any]:
    """Return the run's parameters."""
    return dict(parameters_from_proto(run.parameters))


def loss_of(parameters: dict[str, Any]) -> float:
    """Return a smooth function of the parameters to minimize; `lr` has most influence."""
    return abs(math.log10(parameters["lr"]) + 2) + float(parameters["dropout"]) / 10


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason of the error's ErrorInfo."""
    return str(info(error).reason)


def info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    """Return the error's ErrorInfo."""
    found = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS_KEY and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                detail.Unpack(found)
    return found

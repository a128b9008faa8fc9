"""Calls to the services as the benchmarks make them: raw stubs, one channel."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto

# Six parameters, as in the compared figures of Optuna.
PARAMETERS: dict[str, Any] = {
    "lr": {"distribution": "log_uniform", "min": 1e-5, "max": 1e-1},
    "dropout": {"min": 0.0, "max": 0.5},
    "width": {"min": 16, "max": 512},
    "depth": {"min": 1, "max": 8},
    "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
    "batch_size": {"values": [16, 32, 64, 128]},
}


def objective(parameters: dict[str, Any]) -> float:
    """A smooth function to minimize."""
    return float(
        abs(parameters["lr"] - 0.01) * 10
        + (parameters["dropout"] - 0.2) ** 2
        + abs(parameters["width"] - 200) / 500
        + abs(parameters["depth"] - 4) / 8
        + (parameters["optimizer"] != "adam") * 0.1
        + (parameters["batch_size"] != 64) * 0.1
    )


@dataclass(frozen=True)
class Calls:
    """Stubs of both services."""

    registry: RegistryStub
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub
    analysis: analysis_grpc.AnalysisServiceAsyncStub

    async def create_sweep(self, method: str, **more: Any) -> str:
        """Create a sweep over PARAMETERS and return its id."""
        config = {
            "method": method,
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": PARAMETERS,
            "seed": 1,
            **more,
        }
        request = registry_pb.CreateSweepRequest(
            config_text=registry_pb.ConfigText(text=json.dumps(config))
        )
        return (await self.registry.CreateSweep(request)).sweep.sweep_id

    async def suggest(
        self,
        sweep_id: str,
        agent: int,
        count: int = 1,
        ended_runs: Sequence[registry_pb.FinishRunRequest] = (),
    ) -> list[run_pb2.Run]:
        """Ask for runs, with the ends of others."""
        request = suggestion_pb.SuggestRequest(
            sweep_id=sweep_id,
            agent_id=f"agent-{agent}",
            count=count,
            request_id=str(uuid.uuid4()),
            ended_runs=ended_runs,
        )
        return list((await self.suggestion.Suggest(request)).runs)

    async def finish(self, run: run_pb2.Run, value: float | None = None) -> None:
        """End a run with a value, by default its objective."""
        await self.registry.FinishRun(end_of(run, value))

    async def trial(self, sweep_id: str, agent: int) -> None:
        """Call Suggest and FinishRun once."""
        (run,) = await self.suggest(sweep_id, agent)
        await self.finish(run)


class ChainedTrials:
    """Trials of which each agent's Suggest brings the end of its run before."""

    def __init__(self, calls: Calls, sweep_id: str) -> None:
        self._calls = calls
        self._sweep_id = sweep_id
        self._ends: dict[int, registry_pb.FinishRunRequest] = {}

    async def trial(self, agent: int) -> None:
        """Call Suggest once."""
        end = self._ends.get(agent)
        (run,) = await self._calls.suggest(
            self._sweep_id, agent, ended_runs=[] if end is None else [end]
        )
        self._ends[agent] = end_of(run)


def end_of(run: run_pb2.Run, value: float | None = None) -> registry_pb.FinishRunRequest:
    """Return the request that ends a run with a value, by default its objective."""
    if value is None:
        value = objective(parameters_from_proto(run.parameters))
    return registry_pb.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        rows=[run_pb2.MetricRow(step=0, values={"loss": value})],
        succeeded=registry_pb.RunSucceeded(),
        request_id=str(uuid.uuid4()),
    )


@contextlib.asynccontextmanager
async def calls_to(registry: str, suggestion: str, key: str = "") -> AsyncIterator[Calls]:
    """Open one channel to each service for the block, with an API key if one is given."""
    async with (
        channel_with(registry, key) as first,
        channel_with(suggestion, key) as second,
    ):
        yield Calls(
            RegistryStub(first),
            suggestion_grpc.SuggestionServiceStub(second),
            analysis_grpc.AnalysisServiceStub(second),
        )

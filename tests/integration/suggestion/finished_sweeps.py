"""Creates sweeps whose runs have ended as a test specifies, for tests of analyses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeAlias

from tests.sweeps import Registry, create_runs_request, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as analysis_grpc
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import (
    parameters_to_proto,
    space_from_proto,
)
from wanllmdb_common.search_space.quantiles import draw

Analysis: TypeAlias = "analysis_grpc.AnalysisServiceAsyncStub"

# A run's parameters, and how it ended: its objective, objectives by metric, or a failure.
Row = tuple[Mapping[str, Any], float | Mapping[str, float] | None]

LOSS = {"name": "loss", "goal": "minimize"}
BOTH = [LOSS, {"name": "accuracy", "goal": "maximize"}]

PARAMETERS: dict[str, Any] = {
    "fixed": {"value": 3},
    "lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 10.0},
    "optimizer": {"values": ["adam", "sgd"]},
    "size": {"values": [16, 32, 64]},
    "x": {"min": 0.0, "max": 4.0},
}

CONDITIONAL: dict[str, Any] = {
    "lr": {"min": 0.0, "max": 1.0},
    "optimizer": {"values": ["adam", "sgd"]},
    "adam": {"when": {"optimizer": "adam"}, "parameters": {"beta": {"min": 0.0, "max": 1.0}}},
    "sgd": {"when": {"optimizer": "sgd"}, "parameters": {"momentum": {"min": 0.0, "max": 1.0}}},
}


def point(**changes: Any) -> dict[str, Any]:
    """Return a point of PARAMETERS."""
    return {"fixed": 3, "lr": 0.1, "optimizer": "adam", "size": 16, "x": 1.0, **changes}


async def new_sweep(registry: Registry, parameters: Mapping[str, Any], **more: Any) -> str:
    """Create a sweep with the metric loss by default; None drops a key. Return its id."""
    config = {"method": "random", "metric": LOSS, "seed": 1, "parameters": parameters, **more}
    if "metrics" in more:
        del config["metric"]
    config = {key: value for key, value in config.items() if value is not None}
    request = rpb.CreateSweepRequest(
        config_text=rpb.ConfigText(text=json.dumps(config)), request_id=request_id()
    )
    return (await registry.CreateSweep(request)).sweep.sweep_id


async def start(
    registry: Registry, sweep_id: str, points: Sequence[Mapping[str, Any]]
) -> Sequence[run_pb2.Run]:
    """Create runs with these parameters and assign them."""
    sweep = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id))).sweep
    first = sweep.stats.total_runs
    response = await registry.CreateRuns(
        create_runs_request(
            sweep_id,
            *(
                internal_pb.RunProposal(
                    number=first + i, parameters=parameters_to_proto(parameters)
                )
                for i, parameters in enumerate(points)
            ),
        )
    )
    assert not response.conflict
    return response.results[0].runs


async def end(registry: Registry, run: run_pb2.Run, outcome: Any) -> None:
    """Finish a run as its Row specifies."""
    request = rpb.FinishRunRequest(
        sweep_id=run.sweep_id, number=run.number, attempt=run.attempt, request_id=request_id()
    )
    if outcome is None:
        request.failed.error.message = "broken"
    elif isinstance(outcome, Mapping):
        request.succeeded.objectives.update(outcome)
    else:
        request.succeeded.objective = outcome
    await registry.FinishRun(request)


async def sweep_of(
    registry: Registry, rows: Sequence[Row], parameters: Mapping[str, Any] = PARAMETERS, **more: Any
) -> str:
    """Create a sweep with these runs, numbered from 0 and ended in this order; return its id."""
    sweep_id = await new_sweep(registry, parameters, **more)
    if rows:
        runs = await start(registry, sweep_id, [parameters for parameters, _ in rows])
        for run, (_, outcome) in zip(runs, rows, strict=True):
            await end(registry, run, outcome)
    return sweep_id


async def drawn(registry: Registry, sweep_id: str, count: int) -> Sequence[run_pb2.Run]:
    """Return rows with parameters drawn from their distributions."""
    spec = (await registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id))).sweep.spec
    random = Random(5)
    distributions = {p.name: p.distribution for p in space_from_proto(spec.search_space).parameters}
    points = [
        {name: draw(distribution)(random) for name, distribution in distributions.items()}
        for _ in range(count)
    ]
    return await start(registry, sweep_id, points)

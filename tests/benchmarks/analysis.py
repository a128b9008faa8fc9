"""Analyses of sweeps with 10,000 finished runs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.calls import PARAMETERS, Calls, calls_to, objective
from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.filling import fill
from tests.benchmarks.load import table
from wanllmdb.api.registry.v1 import registry_service_pb2, run_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_local.platform import Endpoints

SIZE = 10_000
ROUNDS = 7

Read = Callable[[], Awaitable[object]]


async def run(platform: Endpoints) -> list[Figure]:
    """Measure each analysis: the first answer, after a run ended, and again."""
    async with calls_to(platform.registry, platform.suggestion) as calls:
        one = await calls.create_sweep("random")
        await fill(calls, one, SIZE)
        two = await _create_sweep_of_two_metrics(calls)
        await fill(calls, two, SIZE, finish=lambda ended: _finish_both(calls, ended))
        measured = [
            await _measure(name, read, lambda: fill(calls, one, 1))
            for name, read in _reads(calls, one).items()
        ]
        measured.append(
            await _measure(
                "GetHypervolumeHistory, two metrics",
                lambda: calls.analysis.GetHypervolumeHistory(
                    pb.GetHypervolumeHistoryRequest(sweep_id=two)
                ),
                lambda: fill(calls, two, 1, finish=lambda ended: _finish_both(calls, ended)),
            )
        )
    table(
        f"(e) Analyses of {SIZE:,} finished runs of six parameters, one client, {ROUNDS} rounds",
        ["read", "first ms", "after a run ended: median ms", "max ms", "again ms"],
        [each.row() for each in measured],
    )
    return [figure for each in measured for figure in each.figures()]


def _reads(calls: Calls, sweep_id: str) -> dict[str, Read]:
    analysis = calls.analysis
    importance = {
        "fANOVA": pb.IMPORTANCE_EVALUATOR_FANOVA,
        "mean decrease impurity": pb.IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY,
        "PED-ANOVA": pb.IMPORTANCE_EVALUATOR_PED_ANOVA,
    }
    reads: dict[str, Read] = {
        "GetOptimizationHistory, 1,000 points": lambda: analysis.GetOptimizationHistory(
            pb.GetOptimizationHistoryRequest(sweep_id=sweep_id)
        ),
        "GetSlices, 1,000 runs": lambda: analysis.GetSlices(pb.GetSlicesRequest(sweep_id=sweep_id)),
        "GetSlices, 10,000 runs": lambda: analysis.GetSlices(
            pb.GetSlicesRequest(sweep_id=sweep_id, max_points=SIZE)
        ),
        "GetContour, 1,000 runs, 50 x 50": lambda: analysis.GetContour(
            pb.GetContourRequest(sweep_id=sweep_id, x_parameter="lr", y_parameter="dropout")
        ),
        "GetContour, 10,000 runs, 200 x 200": lambda: analysis.GetContour(
            pb.GetContourRequest(
                sweep_id=sweep_id,
                x_parameter="lr",
                y_parameter="dropout",
                max_points=SIZE,
                resolution=200,
            )
        ),
        "GetCorrelations, Pearson": lambda: analysis.GetCorrelations(
            pb.GetCorrelationsRequest(sweep_id=sweep_id)
        ),
        "GetCorrelations, Spearman": lambda: analysis.GetCorrelations(
            pb.GetCorrelationsRequest(sweep_id=sweep_id, method=pb.CORRELATION_METHOD_SPEARMAN)
        ),
        "GetEdf": lambda: analysis.GetEdf(pb.GetEdfRequest(sweep_ids=[sweep_id])),
        "CompareSweeps": lambda: analysis.CompareSweeps(
            pb.CompareSweepsRequest(sweep_ids=[sweep_id])
        ),
    }
    for name, evaluator in importance.items():
        request = pb.GetParameterImportanceRequest(sweep_id=sweep_id, evaluator=evaluator)
        reads[f"GetParameterImportance, {name}"] = lambda request=request: (  # type: ignore[misc]
            analysis.GetParameterImportance(request)
        )
    return reads


@dataclass(frozen=True, slots=True)
class Measured:
    """The milliseconds of an analysis: the first answer, after a run ended, and again."""

    name: str
    first: float
    after: list[float]
    again: list[float]

    def row(self) -> list[str]:
        """Return the cells of the table."""
        shown = (self.first, median(self.after), max(self.after), median(self.again))
        return [self.name, *(f"{milliseconds:.1f}" for milliseconds in shown)]

    def figures(self) -> list[Figure]:
        """Return the figures."""
        after, again = in_rounds(self.after), in_rounds(self.again)
        return [
            Figure(f"{self.name}, first", "ms", (self.first,), SIZE, clients=1, hops=2),
            Figure(f"{self.name}, after a run ended", "ms", after, SIZE, clients=1, hops=2),
            Figure(f"{self.name}, again", "ms", again, SIZE, clients=1, hops=2),
        ]


async def _measure(name: str, read: Read, end_a_run: Read) -> Measured:
    first = await _milliseconds(read)
    after: list[float] = []
    for _ in range(ROUNDS):
        await end_a_run()
        after.append(await _milliseconds(read))
    return Measured(name, first, after, [await _milliseconds(read) for _ in range(ROUNDS)])


async def _milliseconds(read: Read) -> float:
    start = time.perf_counter()
    await read()
    return (time.perf_counter() - start) * 1_000


async def _create_sweep_of_two_metrics(calls: Calls) -> str:
    config = {
        "method": "random",
        "metrics": [
            {"name": "loss", "goal": "minimize"},
            {"name": "speed", "goal": "maximize"},
        ],
        "parameters": PARAMETERS,
        "seed": 1,
    }
    request = registry_service_pb2.CreateSweepRequest(
        config_text=registry_service_pb2.ConfigText(text=json.dumps(config))
    )
    return (await calls.registry.CreateSweep(request)).sweep.sweep_id


async def _finish_both(calls: Calls, ended: run_pb2.Run) -> None:
    """End a run with both objectives, which need different widths and depths."""
    parameters = parameters_from_proto(ended.parameters)
    width, depth = parameters["width"], parameters["depth"]
    assert isinstance(width, int)
    assert isinstance(depth, int)
    values = {"loss": objective(parameters), "speed": 1e6 / (width * width * depth)}
    await calls.registry.FinishRun(
        registry_service_pb2.FinishRunRequest(
            sweep_id=ended.sweep_id,
            number=ended.number,
            attempt=ended.attempt,
            succeeded=registry_service_pb2.RunSucceeded(objectives=values),
            request_id=str(uuid.uuid4()),
        )
    )

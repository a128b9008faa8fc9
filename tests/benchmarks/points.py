"""Metric points: how many a second the registry takes, and how long `log` holds the training."""

from __future__ import annotations

import contextlib
import io
import itertools
import time
import uuid

import numpy as np

import wanllmdb as wandb
from tests.benchmarks.calls import PARAMETERS, Calls, calls_to
from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.load import measure, table
from wanllmdb import Client
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_local.platform import Endpoints

CLIENTS = 8
SECONDS = 3.0
ROUNDS = 3
# Metrics of each row, and rows of each call: 1,000, 100 and 4 points a call.
SHAPES = ((10, 100), (10, 10), (4, 1))
LOGS = 20_000


async def run(platform: Endpoints) -> list[Figure]:
    """Measure calls of several sizes in turns, then `log` in an agent."""
    async with calls_to(platform.registry, platform.suggestion) as calls:
        sweep_id = await calls.create_sweep("random")
        runs = await calls.suggest(sweep_id, 0, CLIENTS)
        rates: dict[tuple[int, int], list[float]] = {shape: [] for shape in SHAPES}
        reports = {shape: _Reports(calls, runs, shape, at) for at, shape in enumerate(SHAPES)}
        for _ in range(ROUNDS):
            for shape, each in reports.items():
                load = await measure(each.report, clients=CLIENTS, seconds=SECONDS)
                rates[shape].append(load.rate * shape[0] * shape[1])
    figures = [
        Figure(
            f"points in calls of {metrics * rows:,}",
            "points/s",
            tuple(rates[metrics, rows]),
            clients=CLIENTS,
        )
        for metrics, rows in SHAPES
    ]
    table(
        f"(p) Metric points of {CLIENTS} runs, medians of {ROUNDS} rounds of {SECONDS:g} s",
        ["points a call", "points/s", "calls/s"],
        [
            [f"{m * r:,}", f"{figure.value:,.0f}", f"{figure.value / (m * r):,.0f}"]
            for (m, r), figure in zip(SHAPES, figures, strict=True)
        ],
    )
    return figures + _logs(platform)


class _Reports:
    """Reports of one size, about metrics of their own, each of new steps."""

    def __init__(
        self, calls: Calls, runs: list[run_pb2.Run], shape: tuple[int, int], at: int
    ) -> None:
        metrics, self._rows = shape
        self._calls, self._runs = calls, runs
        self._values = {f"metric-{at}-{index}": 0.5 for index in range(metrics)}
        self._steps = [itertools.count() for _ in runs]

    async def report(self, client: int) -> None:
        run, steps = self._runs[client], self._steps[client]
        await self._calls.registry.ReportMetrics(
            pb.ReportMetricsRequest(
                sweep_id=run.sweep_id,
                number=run.number,
                attempt=run.attempt,
                rows=[
                    run_pb2.MetricRow(step=step, values=self._values)
                    for step in itertools.islice(steps, self._rows)
                ],
                request_id=str(uuid.uuid4()),
            )
        )


def _logs(platform: Endpoints) -> list[Figure]:
    """Measure the calls of `log` in a training function that does nothing else."""
    seconds: list[float] = []

    def train() -> None:
        for _ in range(LOGS):
            began = time.perf_counter()
            wandb.log({"loss": 0.5, "accuracy": 0.5})
            seconds.append(time.perf_counter() - began)

    config = {"method": "random", "metric": {"name": "loss"}, "parameters": PARAMETERS}
    with Client(platform.registry, platform.suggestion) as client:
        sweep_id = client.create_sweep(config).sweep.sweep_id
        with contextlib.redirect_stderr(io.StringIO()):
            wandb.agent(sweep_id, train, count=1, client=client)
    assert len(seconds) == LOGS
    p50, p99 = (float(each) for each in np.percentile(seconds, [50, 99]) * 1e6)
    longest = max(seconds) * 1e6
    table(
        f"(p) {LOGS:,} calls of log in a loop that does nothing else",
        ["p50 us", "p99 us", "longest us", "calls over 1 ms"],
        [[f"{p50:.1f}", f"{p99:.1f}", f"{longest:,.0f}", str(sum(s > 1e-3 for s in seconds))]],
    )
    return [
        Figure("log, median", "us", in_rounds([each * 1e6 for each in seconds])),
        Figure("log, longest", "us", (longest,)),
    ]

"""Watches across replicas: latency with notifications and with polling, and their cost."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from statistics import median
from unittest import mock

import numpy as np

from tests.benchmarks.calls import Calls, calls_to
from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.load import Load, measure, table
from tests.conftest import registry_server, suggestion_server
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb_local.platform import Endpoints
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.rpc import stream_servicer
from wanllmdb_registry.store.change_channel import ChangeChannel

CHANGES = 40
ROUNDS = 5
SECONDS = 3.0
CLIENTS = 32


async def run(platform: Endpoints) -> list[Figure]:
    """Measure lags and trials. Rounds with and without notifications alternate."""
    database_url = create_database(platform.database_url, "watching")
    async with (
        registry_server(database_url) as here,
        registry_server(database_url) as there,
        suggestion_server(f"{here},{there}") as suggestion,
        calls_to(here, suggestion) as calls,
        calls_to(there, suggestion) as others,
    ):
        sweep_id = await calls.create_sweep("random")
        with _silent():
            polling = await _lags(calls, others, sweep_id)
        notified = await _lags(calls, others, sweep_id)
        table(
            f"Watch of a sweep through another replica: seconds from a change's answer until it is "
            f"seen, {CHANGES} changes at random times",
            ["how", "p50 s", "p99 s"],
            [_lag_row("polling every second", polling), _lag_row("LISTEN and NOTIFY", notified)],
        )
        plain: list[Load] = []
        notifying: list[Load] = []
        for _ in range(ROUNDS):
            with _silent():
                plain.append(await _trials(calls))
            notifying.append(await _trials(calls))
        ratios = [t.rate / p.rate for t, p in zip(notifying, plain, strict=True)]
        table(
            f"Trials by {CLIENTS} clients over two registries in one process; medians of {ROUNDS} "
            f"rounds of {SECONDS:g} s",
            ["", "per s", "ratio"],
            [
                ["without notifications", f"{median(load.rate for load in plain):,.0f}", ""],
                [
                    "with notifications",
                    f"{median(load.rate for load in notifying):,.0f}",
                    f"{median(ratios):.2f}",
                ],
            ],
        )
    with_ms, without_ms = (in_rounds([lag * 1000 for lag in each]) for each in (notified, polling))
    rates = tuple(load.rate for load in notifying)
    return [
        Figure("a change is seen through another replica", "ms", with_ms),
        Figure("the same by polling", "ms", without_ms),
        Figure("trial, random, two registries in one process", "trials/s", rates, 0, CLIENTS),
    ]


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Disable notifications, so that watches poll every second."""
    with (
        mock.patch.object(ChangeChannel, "announce", return_value=None),
        mock.patch.object(stream_servicer, "POLL", stream_servicer.POLL_ALONE),
    ):
        yield


async def _lags(calls: Calls, others: Calls, sweep_id: str) -> list[float]:
    """Measure how long changes through `calls` took to be seen through `others`."""
    answered: dict[int, float] = {}
    seen: dict[int, float] = {}
    runs = await calls.suggest(sweep_id, 0, CHANGES)
    before = (await calls.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep

    async def follow() -> None:
        request = watch_pb2.WatchSweepRequest(sweep_id=sweep_id, since_revision=before.revision)
        async for message in others.registry.WatchSweep(request):
            if message.HasField("run") and message.run.HasField("end_time"):
                seen[message.run.number] = time.perf_counter()

    following = asyncio.create_task(follow())
    await asyncio.sleep(1)
    for run in runs:
        await asyncio.sleep(random.uniform(0.05, 0.4))
        await calls.finish(run)
        answered[run.number] = time.perf_counter()
    await asyncio.sleep(2)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    return [max(0.0, seen[number] - at) for number, at in answered.items()]


async def _trials(calls: Calls) -> Load:
    sweep_id = await calls.create_sweep("random")
    return await measure(
        lambda client: calls.trial(sweep_id, client), clients=CLIENTS, seconds=SECONDS
    )


def _lag_row(how: str, lags: list[float]) -> list[str]:
    p50, p99 = np.percentile(lags, [50, 99])
    return [how, f"{p50:.3f}", f"{p99:.3f}"]

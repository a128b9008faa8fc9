"""Thousands of finished runs, created through the registry's own API."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from tests.benchmarks.calls import PARAMETERS, Calls
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

BATCH = 500


async def fill(
    calls: Calls,
    sweep_id: str,
    size: int,
    seed: int = 1,
    finish: Callable[[run_pb2.Run], Awaitable[None]] | None = None,
) -> None:
    """Add `size` finished runs with random parameters to a sweep without running runs.

    `finish` ends a run, if that takes more than the metric `loss`.
    """
    draw = random.Random(seed)
    sweep = (await calls.registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))).sweep
    number = sweep.stats.total_runs
    while size:
        count = min(BATCH, size)
        points = [_random_point(draw) for _ in range(count)]
        request = internal_pb.CreateRunsRequest(
            sweep_id=sweep_id,
            requests=[
                internal_pb.RunsForAgent(
                    agent_id="filler",
                    count=count,
                    proposals=[
                        internal_pb.RunProposal(
                            number=number + i, parameters=parameters_to_proto(point)
                        )
                        for i, point in enumerate(points)
                    ],
                )
            ],
        )
        response = await calls.registry.CreateRuns(request)
        assert not response.conflict
        await asyncio.gather(*map(finish or calls.finish, response.results[0].runs))
        number += count
        size -= count


def _random_point(draw: random.Random) -> dict[str, Any]:
    return {
        "lr": 10 ** draw.uniform(-5, -1),
        "dropout": draw.uniform(0.0, 0.5),
        "width": draw.randint(16, 512),
        "depth": draw.randint(1, 8),
        "optimizer": draw.choice(PARAMETERS["optimizer"]["values"]),
        "batch_size": draw.choice(PARAMETERS["batch_size"]["values"]),
    }

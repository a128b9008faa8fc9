"""Each distribution's quantiles: random suggestions of the services compared with scipy."""

from __future__ import annotations

import json

from tests.benchmarks.calls import calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import table
from tests.known_distributions import KNOWN_DISTRIBUTIONS, LEVELS, compare
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_local.platform import Endpoints

SUGGESTIONS = 4_000
# The largest number of runs that one Suggest returns.
BATCH = 100


async def run(platform: Endpoints) -> list[Figure]:
    """Print the quantiles, and return how far they are off at most."""
    names = {f"p{index}": name for index, name in enumerate(KNOWN_DISTRIBUTIONS)}
    config = {
        "method": "random",
        "parameters": {key: KNOWN_DISTRIBUTIONS[name].config for key, name in names.items()},
        "seed": 20,
    }
    points: list[dict[str, ParameterValue]] = []
    async with calls_to(platform.registry, platform.suggestion) as calls:
        created = await calls.registry.CreateSweep(
            registry_pb.CreateSweepRequest(
                config_text=registry_pb.ConfigText(text=json.dumps(config))
            )
        )
        while len(points) < SUGGESTIONS:
            runs = await calls.suggest(created.sweep.sweep_id, 0, BATCH)
            points += [parameters_from_proto(run.parameters) for run in runs]
    rows = []
    sigmas = []
    for key, name in names.items():
        found = compare(KNOWN_DISTRIBUTIONS[name], [point[key] for point in points])
        sigmas.append(max(one.sigmas for one in found))
        rows.append(
            [
                name,
                *(f"{one.sample:.4g} / {one.expected:.4g}" for one in found),
                f"{sigmas[-1]:.1f}",
            ]
        )
    table(
        f"Quantiles of {len(points):,} random suggestions / of the distribution; categories: index",
        ["distribution", *map(str, LEVELS), "sigmas off at most"],
        rows,
    )
    return [Figure("quantiles off at most", "sigmas", (max(sigmas),), len(points))]

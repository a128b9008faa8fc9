"""Each distribution's quantiles, from random suggestions of the real services, beside its law."""

from __future__ import annotations

import json

from tests.benchmarks.calls import calls_to
from tests.benchmarks.load import table
from tests.laws import KNOWN_LAWS, LEVELS, compare
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto
from wanllmdb_local.platform import Endpoints

SUGGESTIONS = 4_000
# As many as one Suggest gives at most.
BATCH = 100


async def run(platform: Endpoints) -> None:
    """Prints the table."""
    names = {f"p{index}": name for index, name in enumerate(KNOWN_LAWS)}
    config = {
        "method": "random",
        "parameters": {key: KNOWN_LAWS[name].config for key, name in names.items()},
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
    for key, name in names.items():
        found = compare(KNOWN_LAWS[name], [point[key] for point in points])
        rows.append(
            [
                name,
                *(f"{one.sample:.4g} / {one.expected:.4g}" for one in found),
                f"{max(one.sigmas for one in found):.1f}",
            ]
        )
    table(
        f"Quantiles of {len(points):,} random suggestions / of the law; categories by their place",
        ["distribution", *map(str, LEVELS), "sigmas off at most"],
        rows,
    )

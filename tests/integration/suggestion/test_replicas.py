"""Several suggestion services on one registry, and services that are killed."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest

from tests.conftest import suggestion_server
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, loss_of, values
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc


@pytest.mark.parametrize("method", ["random", "bayes"])
async def test_a_new_service_between_any_two_trials_changes_nothing(
    new_sweep: NewSweep, registry_address: str, method: str
) -> None:
    undisturbed = await (await new_sweep(method)).trials(16)
    sweep = await new_sweep(method)
    disturbed: list[dict[str, Any]] = []
    for _ in range(8):
        async with (
            suggestion_server(registry_address) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            fresh = suggestion_grpc.SuggestionServiceStub(channel)
            disturbed += await Sweep(sweep.registry, fresh, sweep.sweep_id).trials(2)
    assert disturbed == undisturbed


async def test_two_services_share_a_sweep(new_sweep: NewSweep, registry_address: str) -> None:
    sweep = await new_sweep("bayes", more="run_cap: 60")
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        other = Sweep(
            sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id
        )

        async def agent(mine: Sweep) -> list[int]:
            numbers = []
            while runs := (await mine.suggest()).runs:
                numbers.append(runs[0].number)
                await mine.finish(runs[0], loss_of(values(runs[0])))
            return numbers

        found = await asyncio.gather(*(agent(sweep if i % 2 else other) for i in range(8)))
    assert sorted(n for numbers in found for n in numbers) == list(range(60))


async def test_a_service_sees_the_results_of_another_service_s_runs(
    new_sweep: NewSweep, registry_address: str
) -> None:
    """Read your writes: the second service proposes what a new service would propose."""
    sweep = await new_sweep("bayes")
    await sweep.trials(11)
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        other = Sweep(
            sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id
        )
        mixed = [
            point for _ in range(3) for mine in (other, sweep) for point in await mine.trials(1)
        ]
    alone = await (await new_sweep("bayes")).trials(17)
    assert mixed == alone[11:]

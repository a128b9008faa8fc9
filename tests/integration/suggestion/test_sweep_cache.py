"""Which sweeps stay in a suggestion service's memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.integration.suggestion.conftest import NewSweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb_common.computing.fair_threads import FairThreads
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.suggest.cache import CachedSweep, SweepCache

SCOPE = CallScope()


@pytest.fixture
async def cache(registry_address: str) -> AsyncIterator[SweepCache]:
    """Return a cache for two sweeps."""
    threads = FairThreads(1, "sampling")
    async with RegistryClient(registry_address, 10) as registry:
        cache = SweepCache(
            registry, threads, max_sweeps=2, max_runs=10, state_key=b"", sampling_budget=1
        )
        yield cache
        cache.close()
    threads.close()


async def used(cache: SweepCache, sweep_id: str) -> CachedSweep:
    async with cache.using(sweep_id, SCOPE) as sweep:
        return sweep


async def test_the_least_recently_used_sweep_is_dropped_but_none_in_use(
    cache: SweepCache, new_sweep: NewSweep
) -> None:
    ids = [(await new_sweep()).sweep_id for _ in range(6)]
    first, second = await used(cache, ids[0]), await used(cache, ids[1])
    assert await used(cache, ids[0]) is first
    await used(cache, ids[2])
    assert await used(cache, ids[0]) is first
    assert await used(cache, ids[1]) is not second

    async with cache.using(ids[3], SCOPE) as busy:
        for sweep_id in ids[:3] + ids[4:]:
            await used(cache, sweep_id)
        assert await used(cache, ids[3]) is busy


async def test_calls_for_missing_sweeps_evict_no_sweep(
    cache: SweepCache, new_sweep: NewSweep
) -> None:
    ids = [(await new_sweep()).sweep_id for _ in range(2)]
    known = [await used(cache, sweep_id) for sweep_id in ids]
    for number in range(20):
        with pytest.raises(NotFoundError):
            await used(cache, f"nosuchsweep{number}")
    assert [await used(cache, sweep_id) for sweep_id in ids] == known


async def test_concurrent_calls_for_an_uncached_sweep_get_the_same_one(
    cache: SweepCache, new_sweep: NewSweep
) -> None:
    sweep_id = (await new_sweep()).sweep_id
    first = asyncio.create_task(used(cache, sweep_id))
    others = [asyncio.create_task(used(cache, sweep_id)) for _ in range(9)]
    await asyncio.sleep(0)
    # The other callers do not fail because the first one has gone.
    first.cancel()
    found = await asyncio.gather(*others)
    assert len(set(found)) == 1


async def test_a_deleted_sweep_is_forgotten(cache: SweepCache, new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    before = await used(cache, sweep.sweep_id)
    await sweep.registry.DeleteSweep(rpb.DeleteSweepRequest(sweep_id=sweep.sweep_id))
    with pytest.raises(NotFoundError):
        async with (
            cache.using(sweep.sweep_id, SCOPE) as cached,
            cached.session.fresh_model(SCOPE),
        ):
            assert cached is before
    with pytest.raises(NotFoundError):
        await used(cache, sweep.sweep_id)

"""A watch on the command line while the registry is unavailable."""

from __future__ import annotations

import asyncio

from tests.integration.client.killable import killable_services
from tests.integration.client.programs import WANLLMDB, started
from wanllmdb import AsyncClient


async def test_a_watch_says_what_it_waits_for_and_goes_on(database_url: str) -> None:
    async with (
        killable_services(database_url) as there,
        AsyncClient(there.registry.address, there.suggestion.address) as client,
    ):
        config = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
        sweep_id = (await client.create_sweep(config)).sweep.sweep_id
        async with started(*(*WANLLMDB, "watch", sweep_id), environment=there.environment) as watch:
            assert watch.stdout is not None
            assert watch.stderr is not None
            async with asyncio.timeout(90):
                assert b"pending" in await watch.stdout.readline()
                await there.registry.kill()
                said = (await watch.stderr.readline()).decode()
                assert said.startswith("waiting for the registry: no registry answers at")
                await there.registry.start()
                await client.cancel_sweep(sweep_id)
                out, err = await watch.communicate()
        assert b"canceled" in out
        assert err == b""
        assert watch.returncode == 0

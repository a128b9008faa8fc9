"""A registry behind PgBouncer in transaction mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from tests.conftest import registry_server, suggestion_server
from tests.e2e.kills import CONFIG
from tests.integration.registry.pgbouncer import SESSIONS, pgbouncer, program
from wanllmdb import AsyncClient, MetricRow, Succeeded
from wanllmdb_registry.store.change_channel import ChangeChannel
from wanllmdb_registry.store.database import Database

AGENTS = 6
TRIALS = 5


@pytest.fixture
async def pooled_url(database_url: str) -> AsyncIterator[str]:
    if program() is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    async with pgbouncer(database_url) as url:
        yield url


async def test_trials_and_lists_share_few_sessions(pooled_url: str, database_url: str) -> None:
    async with (
        registry_server(pooled_url) as address,
        suggestion_server(address) as suggestion_address,
        AsyncClient(address, suggestion_address) as client,
    ):
        sweeps = [(await client.create_sweep(CONFIG)).sweep.sweep_id for _ in range(2)]

        async def work(agent: int) -> None:
            sweep_id = sweeps[agent % len(sweeps)]
            for _ in range(TRIALS):
                suggestion = await client.suggest(sweep_id, agent_id=f"agent-{agent}")
                for run in suggestion.runs:
                    rows = [MetricRow(1, {"loss": 3.0}), MetricRow(2, {"loss": float(run.number)})]
                    await client.report_metrics(sweep_id, run.number, run.attempt, rows)
                    await client.finish_run(sweep_id, run.number, run.attempt, Succeeded())
                assert [run async for run in client.list_runs(sweep_id)]
                assert [sweep async for sweep in client.list_sweeps()]

        await asyncio.gather(*(work(agent) for agent in range(AGENTS)))
        for sweep_id in sweeps:
            runs = [run async for run in client.list_runs(sweep_id)]
            assert [run.number for run in runs] == list(range(AGENTS // 2 * TRIALS))
            assert [run.objective for run in runs] == [float(run.number) for run in runs]
    connection = await asyncpg.connect(database_url)
    try:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert await connection.fetchval(count) <= SESSIONS + 1
    finally:
        await connection.close()


async def test_no_state_is_left_in_a_session(pooled_url: str) -> None:
    database = Database(pooled_url)
    try:
        async with database.transaction() as transaction:
            limit = "SELECT current_setting('idle_in_transaction_session_timeout')"
            assert await transaction.fetchval(limit) == "5s"
        async with database.list() as lists:
            left = "SELECT count(*), current_setting('enable_seqscan') FROM pg_prepared_statements"
            assert tuple((await lists.execute(text(left))).one()) == (0, "on")
            limit = "SELECT current_setting('idle_in_transaction_session_timeout')"
            assert (await lists.execute(text(limit))).scalar_one() == "0"
    finally:
        await database.close()


async def test_notifications_need_an_address_of_their_own(
    pooled_url: str, database_url: str
) -> None:
    changed = asyncio.Event()
    without, listening, sending = (
        Database(pooled_url),
        Database(pooled_url, listen_url=database_url),
        Database(database_url),
    )
    channel = ChangeChannel(without, lambda _: None, lambda: None)
    opened = asyncio.Event()
    receiver = ChangeChannel(listening, lambda _: changed.set(), opened.set)
    sender = ChangeChannel(sending, lambda _: None, lambda: None)
    tasks = [asyncio.create_task(each.run()) for each in (receiver, sender)]
    try:
        async with asyncio.timeout(60):
            # Ends by itself, and polling takes its place.
            await channel.run()
            await opened.wait()
            sender.announce("abcdefghijkl")
            await changed.wait()
        assert not channel.is_open
        assert receiver.is_open
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for database in (without, listening, sending):
            await database.close()

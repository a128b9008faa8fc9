"""A lock on a database's tables, for tests of calls that wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import asyncpg

# The longest time that an expected event may take on a busy machine.
SOON = 60.0

# The statements with which a registry looks for deleted sweeps and expired leases every few
# seconds.
IN_THE_BACKGROUND = "purge_time|lease_expire_time <="


class Blocked:
    """A database in which another session holds a lock that statements wait for."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    async def waiting(self) -> int:
        """Return the number of statements of calls that wait for the lock."""
        count: int = await self._connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND state = 'active' AND wait_event_type = 'Lock' AND query !~ $1",
            IN_THE_BACKGROUND,
        )
        return count

    async def until(self, wanted: Callable[[int], bool]) -> None:
        """Wait until `count` statements wait for the lock."""
        async with asyncio.timeout(SOON):
            while True:
                # Within a transaction, PostgreSQL reads pg_stat_activity only once.
                await self._connection.execute("SELECT pg_stat_clear_snapshot()")
                if wanted(await self.waiting()):
                    return
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def blocked(database_url: str, statement: str) -> AsyncIterator[Blocked]:
    """Hold what the statement locks for the duration of the block."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield Blocked(connection)
    finally:
        await connection.close()

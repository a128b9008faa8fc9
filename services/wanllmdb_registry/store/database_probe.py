"""Tests whether PostgreSQL answers, for the registry's readiness."""

from __future__ import annotations

import asyncpg

from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_address import RawConnection

# The application name of the probe's connection, as PostgreSQL lists it.
PROBE_NAME = "wanllmdb-registry readiness"

# A connection stays open when its server stops taking writes.
_TAKES_WRITES = """
    SELECT NOT pg_is_in_recovery() AND NOT current_setting('default_transaction_read_only')::bool
"""


class DatabaseProbe:
    """Tests PostgreSQL on its own connection, so that a busy pool does not count as an outage."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: RawConnection | None = None

    async def check(self) -> None:
        """Run a short query, after connecting if needed.

        After it connected to another server than before, the pools follow it there.

        Raises:
            Exception: PostgreSQL does not answer or takes no writes; the driver's own error.
        """
        try:
            await self._query()
        except asyncpg.TooManyConnectionsError:
            # PostgreSQL answers, and open connections keep working.
            return
        except BaseException:
            self.close()
            raise

    async def _query(self) -> None:
        if self._connection is None:
            self._connection = await self._database.connect_alone(PROBE_NAME)
            self._database.follow(self._connection)
        if not await self._connection.fetchval(_TAKES_WRITES):
            raise asyncpg.ReadOnlySQLTransactionError("the server takes no writes")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

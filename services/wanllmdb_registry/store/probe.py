"""Finds out whether PostgreSQL answers, on a connection of its own."""

from __future__ import annotations

import asyncpg

from wanllmdb_registry.store.database import Database

# As PostgreSQL lists the connection.
APPLICATION_NAME = "wanllmdb-registry readiness"


class DatabaseProbe:
    """One connection, so that a pool whose connections are all busy is not taken for away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def check(self) -> None:
        """Asks for nothing; connects first where needed.

        Raises:
            Exception: no answer, whatever the driver says of it.
        """
        try:
            if self._connection is None:
                self._connection = await self._database.connect_alone(APPLICATION_NAME)
            await self._connection.execute("SELECT 1")
        except asyncpg.TooManyConnectionsError:
            # It answers, and those that are connected may go on.
            return
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

"""Core statements, compiled once and run by asyncpg itself.

On the path of a trial SQLAlchemy's own execution costs more than the statement
does (the figure is in docs/architecture.md), while its language keeps statements
in step with the tables. So the hot statements are written in
Core and compiled when the module is loaded; lists with their many forms of
filters go through SQLAlchemy's engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import asyncpg
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import ClauseElement

# asyncpg's type stubs know records as generic, the runtime does not.
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


# Every statement here finds its rows by an index. A plan that was made while a
# table was nearly empty would read it from end to end, and is kept for as long as
# nobody gathers statistics: a minute, in which a new sweep grows to thousands of runs.
# And a plan is good for any arguments: made anew for each, as the server would for
# arrays of a known length, it takes longer than what it plans.
_PLANS = """
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off;
"""
# A replica that is frozen, or cut off, in the midst of a transaction keeps its locks. The
# server takes them from it after this time, so that the other replicas go on; between its
# statements a transaction takes milliseconds.
IDLE_SECONDS = 5
_LIMITS = f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"


class Row(Protocol):
    """Values by column, whoever fetched them."""

    def __getitem__(self, column: str, /) -> Any:
        """The column's value."""


class Statement:
    """One statement with named parameters.

    `columns` names what an INSERT or UPDATE sets.
    """

    def __init__(self, clause: ClauseElement, columns: Sequence[str] | None = None) -> None:
        keys = None if columns is None else list(columns)
        compiled = clause.compile(dialect=_DIALECT, column_keys=keys)
        self._sql = compiled.string
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        # Values that stand in the statement itself, a state's name say.
        binds = getattr(compiled, "binds", {})
        self._constants = {
            name: compiled.params[name] for name in self._names if not binds[name].required
        }

    async def fetch(self, connection: Connection, **values: Any) -> Sequence[Row]:
        """All rows."""
        return await connection.fetch(self._sql, *self._arguments(values))

    async def fetch_one(self, connection: Connection, **values: Any) -> Row | None:
        """The first row; None where there is none."""
        return await connection.fetchrow(self._sql, *self._arguments(values))

    async def execute(self, connection: Connection, **values: Any) -> int:
        """Runs it; gives how many rows it touched."""
        status: str = await connection.execute(self._sql, *self._arguments(values))
        return int(status.rsplit(" ", 1)[-1])

    async def execute_many(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Runs it for each row, in one round trip."""
        await connection.executemany(self._sql, [self._arguments(row) for row in rows])

    def _arguments(self, values: Row) -> list[Any]:
        constants = self._constants
        return [constants[n] if n in constants else values[n] for n in self._names]


async def prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Makes a new connection give JSON columns as values, and plan for rows by the million."""
    await connection.execute(_PLANS)
    await connection.execute(_LIMITS)
    await connection.set_type_codec(
        "json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


async def keep_connection(_: object) -> None:
    """Nothing of a session outlives its transaction here, so nothing needs a reset."""

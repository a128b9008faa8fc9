"""Core statements, compiled once and run by asyncpg itself.

In the trial loop, SQLAlchemy's execution costs more than the statement itself (the figure is
in docs/architecture.md), while its language keeps statements in step with the tables. So the
hot statements are written in Core and compiled when the module is loaded; lists, with their
many combinations of filters, go through SQLAlchemy's engine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import asyncpg
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import ClauseElement

from wanllmdb_common.computing.off_loop import INLINE, converted

T = TypeVar("T")

# asyncpg's type stubs know records as generic, the runtime does not.
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


# Every statement here finds its rows by an index. A plan made while a table was nearly empty
# would scan the whole table, and PostgreSQL keeps that plan until statistics are gathered: for
# a minute, in which a new sweep grows to thousands of runs. Plans are generic, because planning
# for each set of arguments, as the server does for arrays, takes longer than the statement.
_PLANS = """
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off;
"""
# A replica that freezes or is cut off within a transaction keeps its locks. The server ends
# the transaction after this time, so that other replicas can continue; a transaction is
# normally idle for milliseconds.
IDLE_SECONDS = 5
_LIMITS = f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
LIMIT_OF_TRANSACTION = f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
"""The same limit for one transaction, on a connection to a pooler."""
_ALIVE_SECONDS = 1.0
"""How often a computing replica shows that it is alive."""


class Row(Protocol):
    """The values of a row, by column, from asyncpg or SQLAlchemy."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the column's value."""


class Statement:
    """One statement with named parameters.

    `columns` names the columns that an INSERT or UPDATE sets.
    """

    def __init__(self, clause: ClauseElement, columns: Sequence[str] | None = None) -> None:
        keys = None if columns is None else list(columns)
        compiled = clause.compile(dialect=_DIALECT, column_keys=keys)
        self._sql = compiled.string
        self._names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        # Values within the statement itself, for example a state's name.
        binds = getattr(compiled, "binds", {})
        self._constants = {
            name: compiled.params[name] for name in self._names if not binds[name].required
        }

    async def fetch(self, connection: Connection, **values: Any) -> Sequence[Row]:
        """Return all rows."""
        return await connection.fetch(self._sql, *self._arguments(values))

    async def fetch_one(self, connection: Connection, **values: Any) -> Row | None:
        """Return the first row; None if there is none."""
        return await connection.fetchrow(self._sql, *self._arguments(values))

    async def execute(self, connection: Connection, **values: Any) -> int:
        """Execute the statement; return the number of affected rows."""
        status: str = await connection.execute(self._sql, *self._arguments(values))
        return int(status.rsplit(" ", 1)[-1])

    async def execute_many(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Execute the statement for each row, in one round trip."""
        await connection.executemany(self._sql, [self._arguments(row) for row in rows])

    def _arguments(self, values: Row) -> list[Any]:
        constants = self._constants
        return [constants[n] if n in constants else values[n] for n in self._names]


async def converted_within(connection: Connection, work: Callable[[], T], size: int) -> T:
    """Return the result of `work` as `converted` does, while the transaction is not idle.

    A conversion waits for those of other calls, and takes seconds on a busy machine. Without
    statements meanwhile, the server would end the transaction as that of a frozen replica.
    """
    if size <= INLINE:
        return work()
    conversion = asyncio.ensure_future(converted(work, size))
    try:
        while not (await asyncio.wait([conversion], timeout=_ALIVE_SECONDS))[0]:
            await connection.execute("SELECT 1")
        return await conversion
    finally:
        conversion.cancel()


async def prepare_connection(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Set a new connection's JSON codec, planner settings and idle limit."""
    await connection.execute(_PLANS)
    await connection.execute(_LIMITS)
    await register_json(connection)


async def register_json(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Set the JSON codec of a new connection, which is all that one to a pooler can keep.

    Without `_PLANS`, each statement is planned for its own arguments when it is executed.
    """
    await connection.set_type_codec(
        "json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
    )


async def keep_connection(_: object) -> None:
    """Reset nothing, because no session state outlives its transaction here."""

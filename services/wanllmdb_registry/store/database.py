"""The engine, and what of its errors a caller is told."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import asyncpg
import structlog
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wanllmdb_common.errors import AbortedError, UnavailableError

log = structlog.get_logger(__name__)

# Serialization failure, deadlock: the same transaction may well pass next time.
_CONFLICT_STATES = {"40001", "40P01"}
# Connection exceptions, insufficient resources, operator intervention, and a
# standby that takes no writes.
_AWAY_STATES = ("08", "53", "57", "25006")


class DatabaseUrlError(ValueError):
    """The address of the database is not one."""


def async_url(url: str) -> URL:
    """The address with the asyncpg driver, whichever PostgreSQL driver it named.

    Raises:
        DatabaseUrlError: not a PostgreSQL address.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUrlError(
            "the database address is not of the form postgresql://user:password@host:port/name"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUrlError(f"needs a PostgreSQL address, not {parsed.get_backend_name()}://")
    return parsed.set(drivername="postgresql+asyncpg")


class Database:
    """Connections to PostgreSQL: transactions for writes, single statements for reads."""

    def __init__(self, url: str, *, pool_size: int = 16, connect_timeout: float = 5.0) -> None:
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=connect_timeout,
            pool_pre_ping=False,
            connect_args={"timeout": connect_timeout, "command_timeout": 60.0},
        )
        # Reads are one statement each, which is a transaction of its own: no
        # BEGIN and COMMIT around it.
        self._reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on an error."""
        with translated_errors():
            async with self.engine.begin() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement is its own transaction."""
        with translated_errors():
            async with self._reader.connect() as connection:
                yield connection

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the driver raises into errors for callers; its text stays in the log."""
    try:
        yield
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in _CONFLICT_STATES:
            raise AbortedError(
                "WRITE_CONFLICT", "the write met another one; send the same request again"
            ) from error
        lost = isinstance(error, InterfaceError) and not isinstance(cause, ValueError)
        if lost or error.connection_invalidated or state.startswith(_AWAY_STATES):
            raise _unavailable(error) from error
        raise
    except (OSError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Raised while connecting, where SQLAlchemy does not wrap them.
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> UnavailableError:
    log.warning("database unavailable", error=type(error).__name__, text=str(error)[:500])
    return UnavailableError(
        "DATABASE_UNAVAILABLE", "the registry's database does not answer; send the request again"
    )

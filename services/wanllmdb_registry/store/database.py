"""The engine, and what of its errors a caller is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import asyncpg
import structlog
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wanllmdb_common.errors import AbortedError, UnavailableError
from wanllmdb_registry.store.statement import Connection, keep_connection, prepare_connection

# Seconds after which a statement is given up.
COMMAND_TIMEOUT = 60.0

log = structlog.get_logger(__name__)

# Serialization failure, deadlock: the same transaction may well pass next time.
_CONFLICT_STATES = {"40001", "40P01"}
# Connection exceptions, insufficient resources, operator intervention, a standby
# that takes no writes; and what its operator must put right: wrong user or
# password, no such database, no right to use it.
_AWAY_STATES = ("08", "53", "57", "25006", "28", "3D", "42501")


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
    """Connections to PostgreSQL.

    The trial loop and other frequent calls run on asyncpg directly, see
    `statement`; lists and migrations on SQLAlchemy's engine, which has a
    quarter of the connections.

    Args:
        url: The address; see `async_url`.
        pool_size: Connections at most.
        connect_timeout: Seconds to wait for a connection.
    """

    def __init__(self, url: str, *, pool_size: int = 16, connect_timeout: float = 5.0) -> None:
        engine_url = async_url(url)
        self._timeout = connect_timeout
        listing = max(1, pool_size // 4)
        self.engine: AsyncEngine = create_async_engine(
            engine_url,
            pool_size=listing,
            max_overflow=0,
            pool_timeout=connect_timeout,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": connect_timeout, "command_timeout": COMMAND_TIMEOUT},
        )
        self._dsn = engine_url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool_size = max(1, pool_size - listing)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: committed at the end of the block, rolled back on an error."""
        with translated_errors():
            pool = self._pool or await self._open()
            async with (
                pool.acquire(timeout=self._timeout) as connection,
                connection.transaction(),
            ):
                yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection on which each statement is its own transaction."""
        with translated_errors():
            pool = self._pool or await self._open()
            async with pool.acquire(timeout=self._timeout) as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def list(self) -> AsyncIterator[AsyncConnection]:
        """As `read`, for statements that are put together for each call."""
        with translated_errors():
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for changes of the tables."""
        with translated_errors():
            engine = self.engine.execution_options(isolation_level="READ COMMITTED")
            async with engine.begin() as connection:
                yield connection

    async def connect_alone(self, application_name: str) -> asyncpg.Connection[asyncpg.Record]:
        """A connection beside the others, which the caller closes; raises what the driver does."""
        return await asyncpg.connect(
            self._dsn,
            timeout=self._timeout,
            command_timeout=COMMAND_TIMEOUT,
            server_settings={"application_name": application_name},
        )

    async def close(self) -> None:
        """Closes all connections but those that stand alone."""
        await self.engine.dispose()
        if self._pool is not None:
            await self._pool.close()

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    min_size=0,
                    max_size=self._pool_size,
                    timeout=self._timeout,
                    command_timeout=COMMAND_TIMEOUT,
                    init=prepare_connection,
                    reset=keep_connection,
                )
            return self._pool


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the driver raises into errors for callers; its text stays in the log."""
    try:
        yield
    except DBAPIError as error:
        translated = _translated(error, getattr(error.orig, "sqlstate", None))
        if translated is None:
            raise
        raise translated from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        translated = _translated(error, getattr(error, "sqlstate", None))
        if translated is None:
            raise
        raise translated from error
    except (OSError, PoolTimeoutError) as error:
        raise _unavailable(error) from error


def _translated(error: Exception, state: str | None) -> Exception | None:
    state = state or ""
    if state in _CONFLICT_STATES:
        return AbortedError(
            "WRITE_CONFLICT", "the write met another one; send the same request again"
        )
    if state.startswith(_AWAY_STATES) or _is_lost_connection(error):
        return _unavailable(error)
    return None


def _is_lost_connection(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig.__cause__ if error.orig and error.orig.__cause__ else error  # type: ignore[assignment]
    # asyncpg's own errors are about the connection, but for those about arguments: also
    # that it lost track of one that the server ended while it was idle.
    own = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
    return own and not isinstance(error, ValueError)


def _unavailable(error: Exception) -> UnavailableError:
    log.warning("database unavailable", error=type(error).__name__, text=str(error)[:500])
    return UnavailableError(
        "DATABASE_UNAVAILABLE", "the registry's database does not answer; send the request again"
    )

"""Connections to PostgreSQL, and the errors that callers get when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import structlog
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wanllmdb_common.errors import OverloadedError, UnavailableError
from wanllmdb_registry.prometheus_metrics import (
    POOL_CONNECTIONS,
    POOL_CONNECTIONS_IN_USE,
    POOL_CONNECTIONS_MAX,
    POOL_WAIT_SECONDS,
)
from wanllmdb_registry.store.statement import Connection, keep_connection, prepare_connection

# Seconds after which a statement is canceled.
COMMAND_TIMEOUT = 60.0
# Seconds that a call waits for an unavailable PostgreSQL, so that calls during its return
# succeed and retries come less often.
UNAVAILABLE_WAIT = 0.5
# Seconds after which to retry when all connections are in use.
RETRY_AFTER = 1.0

log = structlog.get_logger(__name__)

# Serialization failure and deadlock: a retry of the transaction may succeed.
_CONFLICT_STATES = {"40001", "40P01"}
# Connection exceptions, insufficient resources, operator intervention, a standby
# that takes no writes, a transaction that was left open for too long; and what
# the operator must fix: a wrong user or password, no such database, no permission to use it,
# a database that accepts no connections.
_UNAVAILABLE_STATES = ("08", "53", "57", "25006", "25P03", "28", "3D", "42501", "55000")


# The application name of the readiness probe's connection, as PostgreSQL lists it.
PROBE_NAME = "wanllmdb-registry readiness"

# Names of the pools in the metrics.
_HOT = "trials"
_LISTS = "lists"


# Identifies the cluster, the database in it, and the timeline, which a failover or a
# point-in-time recovery changes: in each case the same revisions may return with other changes.
_IDENTITY = """
    SELECT concat_ws('.', system_identifier, timeline_id, oid)
    FROM pg_control_system(), pg_control_checkpoint(), pg_database
    WHERE datname = current_database()
"""


# Bytes of a result that are received, and decoded, at once.
RECEIVED_BYTES = 32 * 1024


class DatabaseUrlError(ValueError):
    """The address of the database is invalid."""


def async_url(url: str) -> URL:
    """Return the address with the asyncpg driver instead of the driver that it names.

    Raises:
        DatabaseUrlError: the address is not one of a PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError(
            "the database address is not of the form postgresql://user:password@host:port/name"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUrlError(f"must be a PostgreSQL address, not {parsed.get_backend_name()}://")
    return parsed.set(drivername="postgresql+asyncpg")


def _engine(url: URL, **options: Any) -> AsyncEngine:
    try:
        return create_async_engine(url, **options)
    except ArgumentError as error:
        # For example, the port in its options is not a number.
        raise DatabaseUrlError(f"an option of the database address is wrong: {error}") from None


class Database:
    """Connections to PostgreSQL.

    The trial loop and other frequent calls run on asyncpg directly, see
    `statement`; lists and migrations on SQLAlchemy's engine, which has a
    quarter of the connections.

    While PostgreSQL is known to be unavailable, see `set_ready`, every use fails within
    UNAVAILABLE_WAIT instead of waiting for a connection or a statement to time out.

    Args:
        url: The address; see `async_url`.
        pool_size: Maximum number of connections.
        connect_timeout: Seconds to wait for a connection.
    """

    def __init__(self, url: str, *, pool_size: int = 16, connect_timeout: float = 5.0) -> None:
        engine_url = async_url(url)
        self._timeout = connect_timeout
        listing = max(1, pool_size // 4)
        self.engine = _engine(
            engine_url,
            # asyncpg reads the address's options (sslmode, ...) itself, and rejects what
            # SQLAlchemy makes of them.
            async_creator=self._connect_for_lists,
            pool_size=listing,
            max_overflow=0,
            pool_timeout=connect_timeout,
            isolation_level="AUTOCOMMIT",
        )
        event.listen(self.engine.sync_engine, "connect", self._adopt_for_lists)
        self._dsn = engine_url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool_size = max(1, pool_size - listing)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._reads_of_many = asyncio.Semaphore(max(1, self._pool_size // 4))
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self.identity = ""
        """Identifies the database and its history; empty before the first connection."""
        self._is_ready = asyncio.Event()
        self._is_ready.set()
        POOL_CONNECTIONS_MAX.labels(_LISTS).set(listing)
        POOL_CONNECTIONS_MAX.labels(_HOT).set(self._pool_size)

    def set_ready(self, is_ready: bool) -> None:
        """Set whether PostgreSQL answers, as found by the readiness probe.

        If it does not, running statements fail at once, because their connections may never
        report an error. Call this method in the event loop.
        """
        if is_ready:
            self._is_ready.set()
            return
        self._is_ready.clear()
        for connection in list(self._connections):
            connection.terminate()
        # A terminated connection in the engine's pool would fail a later call.
        self.engine.sync_engine.dispose(close=False)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction: committed at the end of the block, rolled back on an error."""
        async with self.read() as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Take a connection on which each statement is its own transaction."""
        await self._wait_until_ready()
        with translated_errors():
            pool = self._pool or await self._open()
            began = time.perf_counter()
            try:
                connection = await pool.acquire(timeout=self._timeout)
            except TimeoutError:
                if pool.get_size() < pool.get_max_size():
                    raise
                # Every connection is in use: the database answers, but not fast enough.
                raise _overloaded() from None
            try:
                _hot_wait.observe(time.perf_counter() - began)
                with _hot_in_use.track_inprogress():
                    yield connection
            finally:
                await pool.release(connection)

    @contextlib.asynccontextmanager
    async def read_many(self) -> AsyncIterator[Connection]:
        """Take a connection to read thousands of rows; only a quarter of the pool serves this."""
        async with self._reads_of_many, self.read() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def list(self) -> AsyncIterator[AsyncConnection]:
        """Take a connection of the engine, for statements that are composed for each call."""
        async with self._listing(self.engine.connect()) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """Take a connection as `list` does, all of whose statements see the same moment."""
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ")
        async with self._listing(engine.begin()) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def _listing(
        self, connecting: contextlib.AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncIterator[AsyncConnection]:
        await self._wait_until_ready()
        with translated_errors():
            began = time.perf_counter()
            async with connecting as connection:
                _list_wait.observe(time.perf_counter() - began)
                with _list_in_use.track_inprogress():
                    yield connection

    @contextlib.asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes the tables.

        Raises:
            DatabaseUrlError: the first connection showed that the address is wrong.
        """
        with translated_errors():
            engine = self.engine.execution_options(isolation_level="READ COMMITTED")
            async with engine.begin() as connection:
                yield connection

    async def connect_alone(self, application_name: str) -> asyncpg.Connection[asyncpg.Record]:
        """Open a connection outside the pools, which the caller closes."""
        return await asyncpg.connect(
            self._dsn,
            timeout=self._timeout,
            command_timeout=COMMAND_TIMEOUT,
            server_settings={"application_name": application_name},
        )

    async def close(self) -> None:
        """Close all connections of the pools."""
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
                    init=self._adopt_for_trials,
                    reset=keep_connection,
                )
            return self._pool

    async def _connect_for_lists(
        self, *_: object, **__: object
    ) -> asyncpg.Connection[asyncpg.Record]:
        with _address_errors():
            return await asyncpg.connect(
                self._dsn, timeout=self._timeout, command_timeout=COMMAND_TIMEOUT
            )

    async def _wait_until_ready(self) -> None:
        if self._is_ready.is_set():
            return
        try:
            async with asyncio.timeout(UNAVAILABLE_WAIT):
                await self._is_ready.wait()
        except TimeoutError:
            raise _database_unavailable() from None

    async def _adopt_for_trials(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._adopt(connection, _HOT)
        await prepare_connection(connection)
        self.identity = await connection.fetchval(_IDENTITY)

    def _adopt_for_lists(self, adapted: Any, _record: object) -> None:
        self._adopt(adapted.driver_connection, _LISTS)

    def _adopt(self, connection: asyncpg.Connection[asyncpg.Record], pool: str) -> None:
        gauge = POOL_CONNECTIONS.labels(pool)
        gauge.inc()
        connection.add_termination_listener(lambda _: gauge.dec())
        self._connections.add(connection)
        _receive_little_at_once(connection)


def _receive_little_at_once(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Let the event loop serve others between the parts of a large result.

    asyncpg decodes the rows of what it has received within one callback: with asyncio's 256 KiB,
    a callback for thousands of rows takes 5 ms.
    """
    transport: Any = getattr(connection, "_transport", None)
    # A class attribute of asyncio's transports of sockets; those of TLS pass on what these receive.
    if hasattr(transport, "max_size"):
        transport.max_size = RECEIVED_BYTES


_hot_wait = POOL_WAIT_SECONDS.labels(_HOT)
_hot_in_use = POOL_CONNECTIONS_IN_USE.labels(_HOT)
_list_wait = POOL_WAIT_SECONDS.labels(_LISTS)
_list_in_use = POOL_CONNECTIONS_IN_USE.labels(_LISTS)


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into errors for callers; the driver's text goes to the log only."""
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
    except PoolTimeoutError:
        raise _overloaded() from None
    except OSError as error:
        raise _unavailable(error) from error


@contextlib.contextmanager
def _address_errors() -> Iterator[None]:
    """Distinguish errors of the address from errors of the database."""
    try:
        yield
    except UnicodeError:
        raise DatabaseUrlError("the host of the database address is not a host name") from None
    except (
        asyncpg.ClientConfigurationError,
        asyncpg.UndefinedObjectError,
        asyncpg.CantChangeRuntimeParamError,
        asyncpg.InvalidParameterValueError,
    ) as error:
        raise DatabaseUrlError(f"an option of the database address is wrong: {error}") from None


def _translated(error: Exception, state: str | None) -> Exception | None:
    state = state or ""
    if state in _CONFLICT_STATES:
        return UnavailableError(
            "WRITE_CONFLICT", "the write conflicted with another write; retry the same request"
        )
    if state.startswith(_UNAVAILABLE_STATES) or _is_lost_connection(error):
        return _unavailable(error)
    return None


def _is_lost_connection(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig.__cause__ if error.orig and error.orig.__cause__ else error  # type: ignore[assignment]
    # asyncpg's own errors concern the connection, except those about arguments. One of them
    # reports that the server ended an idle connection.
    own = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
    return own and not isinstance(error, ValueError)


def _unavailable(error: Exception) -> UnavailableError:
    # SQLAlchemy's own text would show the statement.
    text = str(getattr(error, "orig", None) or error)
    log.warning("database unavailable", error=type(error).__name__, text=text[:500])
    return _database_unavailable()


def write_conflict() -> UnavailableError:
    """Return the error of a write whose every attempt conflicted."""
    return UnavailableError(
        "WRITE_CONFLICT",
        "the write conflicted with concurrent writes on every attempt; retry the same request",
    )


def _overloaded() -> OverloadedError:
    return OverloadedError(
        "OVERLOADED",
        f"all database connections of this registry are in use: retry in {RETRY_AFTER:g} s, "
        "send fewer calls at once, or ask an operator for a larger --pool-size",
        RETRY_AFTER,
    )


def _database_unavailable() -> UnavailableError:
    return UnavailableError(
        "DATABASE_UNAVAILABLE", "the registry's database does not answer; retry the request"
    )


class DatabaseProbe:
    """Tests PostgreSQL on its own connection, so that a busy pool does not count as an outage."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def check(self) -> None:
        """Run an empty query, after connecting if needed.

        Raises:
            Exception: PostgreSQL does not answer; the driver's own error.
        """
        try:
            if self._connection is None:
                self._connection = await self._database.connect_alone(PROBE_NAME)
            await self._connection.execute("SELECT 1")
        except asyncpg.TooManyConnectionsError:
            # PostgreSQL answers, and open connections keep working.
            return
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

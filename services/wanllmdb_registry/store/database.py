"""The engine, and what of its errors a caller is told."""

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

from wanllmdb_common.errors import AbortedError, OverloadedError, UnavailableError
from wanllmdb_registry.prometheus_metrics import (
    POOL_CONNECTIONS,
    POOL_CONNECTIONS_IN_USE,
    POOL_CONNECTIONS_MAX,
    POOL_WAIT_SECONDS,
)
from wanllmdb_registry.store.statement import Connection, keep_connection, prepare_connection

# Seconds after which a statement is given up.
COMMAND_TIMEOUT = 60.0
# Seconds that a call waits for a PostgreSQL that is away: those that come as it comes
# back need not fail, and those that are repeated come less often.
AWAY_WAIT = 0.5
# Seconds after which to come again where all connections are in use.
RETRY_AFTER = 1.0

log = structlog.get_logger(__name__)

# Serialization failure, deadlock: the same transaction may well pass next time.
_CONFLICT_STATES = {"40001", "40P01"}
# Connection exceptions, insufficient resources, operator intervention, a standby
# that takes no writes, a transaction that was left open for too long; and what its
# operator must put right: wrong user or password, no such database, no right to use it,
# one that takes no connections.
_AWAY_STATES = ("08", "53", "57", "25006", "25P03", "28", "3D", "42501", "55000")


# The application name of the readiness probe's connection, as PostgreSQL lists it.
PROBE_NAME = "wanllmdb-registry readiness"

# The pools by what they are for, as they are called in the metrics.
_HOT = "trials"
_LISTS = "lists"


# A cluster of its own, a database made anew in it, and a standby that took over or a
# recovery to a point in time, which begins a new timeline: in each revisions may come
# again with other changes.
_IDENTITY = """
    SELECT concat_ws('.', system_identifier, timeline_id, oid)
    FROM pg_control_system(), pg_control_checkpoint(), pg_database
    WHERE datname = current_database()
"""


class DatabaseUrlError(ValueError):
    """The address of the database is not one."""


def async_url(url: str) -> URL:
    """The address with the asyncpg driver, whichever PostgreSQL driver it named.

    Raises:
        DatabaseUrlError: not a PostgreSQL address.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError(
            "the database address is not of the form postgresql://user:password@host:port/name"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUrlError(f"needs a PostgreSQL address, not {parsed.get_backend_name()}://")
    return parsed.set(drivername="postgresql+asyncpg")


def _engine(url: URL, **options: Any) -> AsyncEngine:
    try:
        return create_async_engine(url, **options)
    except ArgumentError as error:
        # Such as a port in its options that is no number.
        raise DatabaseUrlError(f"an option of the database address is wrong: {error}") from None


class Database:
    """Connections to PostgreSQL.

    The trial loop and other frequent calls run on asyncpg directly, see
    `statement`; lists and migrations on SQLAlchemy's engine, which has a
    quarter of the connections.

    While it is told that PostgreSQL is away, see `set_ready`, every use fails within
    AWAY_WAIT rather than after the time that a connection or a statement gets.

    Args:
        url: The address; see `async_url`.
        pool_size: Connections at most.
        connect_timeout: Seconds to wait for a connection.
    """

    def __init__(self, url: str, *, pool_size: int = 16, connect_timeout: float = 5.0) -> None:
        engine_url = async_url(url)
        self._timeout = connect_timeout
        listing = max(1, pool_size // 4)
        self.engine = _engine(
            engine_url,
            # What SQLAlchemy would make of the address's options (sslmode, ...) is refused by
            # asyncpg, which reads them itself.
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
        """Of the database and its history, once there was a connection."""
        self._is_ready = asyncio.Event()
        self._is_ready.set()
        POOL_CONNECTIONS_MAX.labels(_LISTS).set(listing)
        POOL_CONNECTIONS_MAX.labels(_HOT).set(self._pool_size)

    def set_ready(self, is_ready: bool) -> None:
        """Whether PostgreSQL answers, as somebody else found out.

        When it does not, statements under way fail now: their connections may never
        tell. Call it in the event loop.
        """
        if is_ready:
            self._is_ready.set()
            return
        self._is_ready.clear()
        for connection in list(self._connections):
            connection.terminate()
        # What is left of them in the engine's pool would fail the first call later.
        self.engine.sync_engine.dispose(close=False)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: committed at the end of the block, rolled back on an error."""
        async with self.read() as connection, connection.transaction():
            yield connection

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection on which each statement is its own transaction."""
        await self._wait_until_ready()
        with translated_errors():
            pool = self._pool or await self._open()
            began = time.perf_counter()
            try:
                connection = await pool.acquire(timeout=self._timeout)
            except TimeoutError:
                if pool.get_size() < pool.get_max_size():
                    raise
                # Every connection is in use: the database answers, only not this fast.
                raise _overloaded() from None
            try:
                _hot_wait.observe(time.perf_counter() - began)
                with _hot_in_use.track_inprogress():
                    yield connection
            finally:
                await pool.release(connection)

    @contextlib.asynccontextmanager
    async def read_many(self) -> AsyncIterator[Connection]:
        """As `read`, for what reads thousands of rows: most connections stay free of it."""
        async with self._reads_of_many, self.read() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def list(self) -> AsyncIterator[AsyncConnection]:
        """As `read`, for statements that are put together for each call."""
        await self._wait_until_ready()
        with translated_errors():
            began = time.perf_counter()
            async with self.engine.connect() as connection:
                _list_wait.observe(time.perf_counter() - began)
                with _list_in_use.track_inprogress():
                    yield connection

    @contextlib.asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for changes of the tables.

        Raises:
            DatabaseUrlError: what the address says can't be, as a first connection shows.
        """
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
            async with asyncio.timeout(AWAY_WAIT):
                await self._is_ready.wait()
        except TimeoutError:
            raise _away() from None

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


_hot_wait = POOL_WAIT_SECONDS.labels(_HOT)
_hot_in_use = POOL_CONNECTIONS_IN_USE.labels(_HOT)
_list_wait = POOL_WAIT_SECONDS.labels(_LISTS)
_list_in_use = POOL_CONNECTIONS_IN_USE.labels(_LISTS)


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
    except PoolTimeoutError:
        raise _overloaded() from None
    except OSError as error:
        raise _unavailable(error) from error


@contextlib.contextmanager
def _address_errors() -> Iterator[None]:
    """Tells what is wrong with an address from what is wrong with a database."""
    try:
        yield
    except UnicodeError:
        raise DatabaseUrlError("the host of the database address is no host name") from None
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
    # SQLAlchemy's own text is the statement.
    text = str(getattr(error, "orig", None) or error)
    log.warning("database unavailable", error=type(error).__name__, text=text[:500])
    return _away()


def _overloaded() -> OverloadedError:
    return OverloadedError(
        "OVERLOADED",
        f"all connections of this registry to its database are in use: come again in "
        f"{RETRY_AFTER:g} s, send less at once, or ask an operator for a larger --pool-size",
        RETRY_AFTER,
    )


def _away() -> UnavailableError:
    return UnavailableError(
        "DATABASE_UNAVAILABLE", "the registry's database does not answer; send the request again"
    )


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
                self._connection = await self._database.connect_alone(PROBE_NAME)
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

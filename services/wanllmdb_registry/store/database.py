"""Connections to PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from wanllmdb_registry.prometheus_metrics import (
    POOL_CONNECTIONS,
    POOL_CONNECTIONS_IN_USE,
    POOL_CONNECTIONS_MAX,
    POOL_WAIT_SECONDS,
)
from wanllmdb_registry.store.database_address import (
    Connector,
    DatabaseAddress,
    DatabaseUrlError,
    PooledError,
    RawConnection,
    address_errors,
)
from wanllmdb_registry.store.database_errors import (
    database_unavailable,
    is_read_only,
    overloaded,
    translated_errors,
)
from wanllmdb_registry.store.statement import (
    LIMIT_OF_TRANSACTION,
    Connection,
    keep_connection,
    prepare_connection,
    register_json,
)

# Seconds that a call waits for an unavailable PostgreSQL, so that calls during its return
# succeed and retries come less often.
UNAVAILABLE_WAIT = 0.5

# Names of the pools in the metrics.
_HOT = "trials"
_LISTS = "lists"


# Identifies the cluster, the database in it, and the timeline, which a failover or a
# point-in-time recovery changes: in each case the same revisions may return with other changes.
# The timeline is that of the write-ahead log, because the control file of a promoted standby has
# the old one until its next checkpoint.
_IDENTITY = """
    SELECT concat_ws('.', system_identifier, ('x' || timeline)::bit(32)::bigint, oid)
    FROM pg_control_system(), pg_database,
        left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline
    WHERE datname = current_database()
"""


# Bytes of a result that are received, and decoded, at once.
RECEIVED_BYTES = 32 * 1024


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

    Every connection is to a server that takes writes. A server that stops taking them, as a primary
    that becomes a standby, fails the statement, and all connections are opened again.

    Through a connection pooler in transaction mode, no state of a session is set and none is
    expected; see `Connector`. Only LISTEN needs a session of its own.

    Args:
        url: The address; see `DatabaseAddress`.
        listen_url: The address for LISTEN; None for `url`. It must not lead to a pooler.
        pool_size: Maximum number of connections.
        connect_timeout: Seconds to wait for a connection.
    """

    def __init__(
        self,
        url: str,
        *,
        listen_url: str | None = None,
        pool_size: int = 16,
        connect_timeout: float = 5.0,
    ) -> None:
        address = DatabaseAddress(url)
        self._connector = Connector(address, connect_timeout)
        self._listener = self._connector
        if listen_url is not None:
            self._listener = Connector(DatabaseAddress(listen_url), connect_timeout)
        self._timeout = connect_timeout
        listing = max(1, pool_size // 4)
        self.engine = _engine(
            address.url,
            # asyncpg reads the address's options (sslmode, ...) itself, and rejects what
            # SQLAlchemy makes of them.
            async_creator=self._connect_for_lists,
            pool_size=listing,
            max_overflow=0,
            pool_timeout=connect_timeout,
            isolation_level="AUTOCOMMIT",
        )
        event.listen(self.engine.sync_engine, "connect", self._adopt_for_lists)
        self._is_pooled = False
        event.listen(self.engine.sync_engine, "do_connect", self._without_statements)
        self._pool_size = max(1, pool_size - listing)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()
        self._reads_of_many = asyncio.Semaphore(max(1, self._pool_size // 4))
        self._connections: weakref.WeakSet[RawConnection] = weakref.WeakSet()
        self._listening: weakref.WeakSet[RawConnection] = weakref.WeakSet()
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
        self._drop_connections()

    def follow(self, connection: RawConnection) -> None:
        """Drop all other connections if the pools' are to another server than this connection.

        The connections to a machine that is gone may never report an error.
        """
        host = self._connector.host_of(connection)
        if any(self._connector.host_of(other) != host for other in self._connections):
            self._drop_connections()

    def _drop_connections(self) -> None:
        for connection in [*self._connections, *self._listening]:
            connection.terminate()
        # A terminated connection in the engine's pool would fail a later call.
        self.engine.sync_engine.dispose(close=False)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Open a transaction: committed at the end of the block, rolled back on an error."""
        async with self.read() as connection, connection.transaction():
            if self._is_pooled:
                await connection.execute(LIMIT_OF_TRANSACTION)
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
                raise overloaded() from None
            try:
                _hot_wait.observe(time.perf_counter() - began)
                with _hot_in_use.track_inprogress(), self._dropping_read_only():
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
            await self._find_pooler()
            async with connecting as connection:
                _list_wait.observe(time.perf_counter() - began)
                with _list_in_use.track_inprogress(), self._dropping_read_only():
                    yield connection

    @contextlib.asynccontextmanager
    async def migration(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes the tables.

        Raises:
            DatabaseUrlError: the first connection showed that the address is wrong.
        """
        with translated_errors():
            await self._find_pooler()
            engine = self.engine.execution_options(isolation_level="READ COMMITTED")
            async with engine.begin() as connection:
                yield connection

    async def connect_alone(self, application_name: str) -> RawConnection:
        """Open a connection outside the pools, which the caller closes."""
        return await self._connector.connect(application_name)

    async def connect_to_listen(self, application_name: str) -> RawConnection:
        """Open a connection for LISTEN, which the caller closes.

        It ends with the pools' connections when their server fails, as their successors may be to
        another server, which has notifications of its own.

        Raises:
            PooledError: the address leads to a pooler, which passes no notifications on.
        """
        if await self._listener.is_pooled():
            raise PooledError
        connection = await self._listener.connect(application_name)
        self._listening.add(connection)
        return connection

    async def close(self) -> None:
        """Close all connections of the pools."""
        await self.engine.dispose()
        if self._pool is not None:
            await self._pool.close()

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                await self._find_pooler()
                self._pool = await asyncpg.create_pool(
                    min_size=0,
                    max_size=self._pool_size,
                    connect=self._connect_for_trials,
                    init=self._adopt_for_trials,
                    reset=keep_connection,
                )
            return self._pool

    async def _find_pooler(self) -> None:
        with address_errors():
            self._is_pooled = await self._connector.is_pooled()

    def _without_statements(
        self, _dialect: object, _record: object, _arguments: object, options: dict[str, Any]
    ) -> None:
        """Let SQLAlchemy keep and name no prepared statements on a connection to a pooler."""
        if self._is_pooled:
            options["prepared_statement_cache_size"] = 0
            options["prepared_statement_name_func"] = str

    async def _connect_for_trials(self, *_: object, **__: object) -> RawConnection:
        return await self._connector.connect()

    async def _connect_for_lists(self, *_: object, **__: object) -> RawConnection:
        with address_errors():
            return await self._connector.connect()

    @contextlib.contextmanager
    def _dropping_read_only(self) -> Iterator[None]:
        """Open all connections again after a statement that the server refused to write."""
        try:
            yield
        except (asyncpg.PostgresError, DBAPIError) as error:
            if is_read_only(error):
                self._drop_connections()
            raise

    async def _wait_until_ready(self) -> None:
        if self._is_ready.is_set():
            return
        try:
            async with asyncio.timeout(UNAVAILABLE_WAIT):
                await self._is_ready.wait()
        except TimeoutError:
            raise database_unavailable() from None

    async def _adopt_for_trials(self, connection: RawConnection) -> None:
        self._adopt(connection, _HOT)
        if self._is_pooled:
            await register_json(connection)
        else:
            await prepare_connection(connection)
        self.identity = await connection.fetchval(_IDENTITY)

    def _adopt_for_lists(self, adapted: Any, _record: object) -> None:
        self._adopt(adapted.driver_connection, _LISTS)

    def _adopt(self, connection: RawConnection, pool: str) -> None:
        gauge = POOL_CONNECTIONS.labels(pool)
        gauge.inc()
        connection.add_termination_listener(lambda _: gauge.dec())
        self._connections.add(connection)
        _receive_little_at_once(connection)


def _receive_little_at_once(connection: RawConnection) -> None:
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

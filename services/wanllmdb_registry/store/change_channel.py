"""Announces changed sweeps to other replicas, and receives theirs, by LISTEN and NOTIFY.

A notification is a hint: the changes themselves are read from the tables, and polling finds
those whose notification was lost. Notifications are not part of the writing transactions,
because PostgreSQL commits notifying transactions one after the other in the whole database.
Instead, committed sweeps are collected, and one statement announces all of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

import asyncpg
import structlog

from wanllmdb_registry.domain.watch import wait_for
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_address import PooledError

CHANNEL = "wanllmdb_sweeps"
# The connection's application name, as PostgreSQL lists it.
APPLICATION_NAME = "wanllmdb-registry changes"

# Minimum seconds between two statements; sweeps committed meanwhile share the next one.
PAUSE = 0.025
# Seconds after which an idle connection is tested.
PING = 30.0
# Seconds until the next attempt to connect: the first delay, and the maximum.
FIRST_DELAY, MAX_DELAY = 0.1, 5.0
# Sweeps that wait for a connection to be announced; other replicas find any more by polling.
MAX_WAITING = 10_000
# PostgreSQL's limit is 8,000.
MAX_PAYLOAD_BYTES = 7_900

_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"

log = structlog.get_logger(__name__)

_Errors = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class ChangeChannel:
    """One connection on which a replica sends and receives notifications.

    Through a connection pooler no notifications arrive. Then the channel stays closed.

    Args:
        database: The database that all replicas share.
        on_change: Called with a sweep's id when another replica has changed it.
        on_gap: Called when the connection is open (again), because notifications of any
            changes before that are lost.
    """

    def __init__(
        self, database: Database, on_change: Callable[[str], None], on_gap: Callable[[], None]
    ) -> None:
        self._database = database
        self._on_change = on_change
        self._on_gap = on_gap
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """Whether notifications of other replicas arrive at present."""
        return self._is_open

    def announce(self, sweep_id: str) -> None:
        """Announce a changed sweep to the other replicas soon."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.add(sweep_id)
            self._wake.set()

    async def run(self) -> None:
        """Keep the connection open and send announcements until canceled.

        Ends at once if the database is behind a pooler.
        """
        delay = FIRST_DELAY
        while True:
            try:
                await self._exchange()
            except PooledError:
                log.warning(
                    "changes through other replicas are seen only by polling: the database is "
                    "behind a connection pooler, so set --listen-database-url to its own address"
                )
                return
            except _Errors as error:
                if self._is_open or delay == FIRST_DELAY:
                    log.warning(
                        "changes through other replicas are seen only by polling",
                        error=type(error).__name__,
                        text=str(error)[:500],
                    )
            except Exception:
                # Watches of changes through other replicas depend on the next connection.
                log.exception("changes through other replicas are seen only by polling")
            if self._is_open:
                self._is_open, delay = False, FIRST_DELAY
            # Jitter keeps the replicas from reconnecting in step.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, MAX_DELAY)

    async def _exchange(self) -> NoReturn:
        """Send and receive until the connection is lost.

        Raises:
            OSError: the connection is lost; any other of `_Errors` is possible, too.
        """
        connection = await self._database.connect_to_listen(APPLICATION_NAME)
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener(CHANNEL, self._on_notification)
            self._is_open = True
            self._on_gap()
            while not connection.is_closed():
                await wait_for(self._wake, PING)
                announced, self._waiting = self._waiting, set()
                try:
                    # Without announcements the statement is a ping.
                    await connection.fetch(_NOTIFY, CHANNEL, list(payloads(announced)))
                except BaseException:
                    self._waiting |= announced
                    raise
                await asyncio.sleep(PAUSE)
            raise ConnectionError("the server ended the connection")
        finally:
            connection.terminate()

    def _on_notification(self, connection: object, pid: int, channel: str, payload: object) -> None:
        assert isinstance(connection, asyncpg.Connection)
        # PostgreSQL also notifies the sender.
        if pid != connection.get_server_pid() and isinstance(payload, str):
            for sweep_id in payload.split():
                self._on_change(sweep_id)


def payloads(sweep_ids: Iterable[str]) -> Iterator[str]:
    """Yield the ids, joined up to the size of a notification."""
    together: list[str] = []
    size = 0
    for sweep_id in sweep_ids:
        size += len(sweep_id) + 1
        if together and size > MAX_PAYLOAD_BYTES:
            yield " ".join(together)
            together, size = [], len(sweep_id) + 1
        together.append(sweep_id)
    if together:
        yield " ".join(together)

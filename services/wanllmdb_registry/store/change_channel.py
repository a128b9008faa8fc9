"""Tells other replicas which sweeps changed, and hears it from them, by LISTEN and NOTIFY.

A hint, never the truth: what changed is read from the tables, and what is not heard is
found by looking from time to time. Not part of the transactions that write: those that
notify commit one after the other in the whole database. So the sweeps that were
committed are collected, and one statement tells of all of them.
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

CHANNEL = "wanllmdb_sweeps"
# As PostgreSQL lists the connection.
APPLICATION_NAME = "wanllmdb-registry changes"

# Seconds between two statements, at least: what is committed meanwhile shares the next.
PAUSE = 0.025
# Seconds after which an idle connection shows that it still stands.
PING = 30.0
# Seconds until the next try to connect: the first time, and at most.
FIRST_DELAY, MAX_DELAY = 0.1, 5.0
# Sweeps that wait to be told of while there is no connection. Of more than these others
# learn when they look.
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
    """One connection on which a replica tells and hears.

    Args:
        database: Where the replicas meet.
        on_change: Called with a sweep's id when another replica has changed it.
        on_gap: Called when the connection stands (again): others may have changed
            anything meanwhile.
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
        """Whether changes of others are heard at present."""
        return self._is_open

    def announce(self, sweep_id: str) -> None:
        """Has other replicas told that a sweep changed, soon."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.add(sweep_id)
            self._wake.set()

    async def run(self) -> None:
        """Keeps the connection and tells what was announced, until it is canceled."""
        delay = FIRST_DELAY
        while True:
            try:
                await self._tell_and_hear()
            except _Errors as error:
                if self._is_open or delay == FIRST_DELAY:
                    log.warning(
                        "changes through other replicas are seen late",
                        error=type(error).__name__,
                        text=str(error)[:500],
                    )
            except Exception:
                # Whatever it was, watches through other replicas depend on the next one.
                log.exception("changes through other replicas are seen late")
            if self._is_open:
                self._is_open, delay = False, FIRST_DELAY
            # Not all replicas in step.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, MAX_DELAY)

    async def _tell_and_hear(self) -> NoReturn:
        """As long as the connection stands.

        Raises:
            OSError: it is lost, or another one of `_Errors`.
        """
        connection = await self._database.connect_alone(APPLICATION_NAME)
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener(CHANNEL, self._heard)
            self._is_open = True
            self._on_gap()
            while not connection.is_closed():
                await wait_for(self._wake, PING)
                told, self._waiting = self._waiting, set()
                try:
                    # With nothing to tell it is the ping.
                    await connection.fetch(_NOTIFY, CHANNEL, list(payloads(told)))
                except BaseException:
                    self._waiting |= told
                    raise
                await asyncio.sleep(PAUSE)
            raise ConnectionError("the server ended the connection")
        finally:
            connection.terminate()

    def _heard(self, connection: object, pid: int, channel: str, payload: object) -> None:
        assert isinstance(connection, asyncpg.Connection)
        # PostgreSQL tells it to the one who said it, too.
        if pid != connection.get_server_pid() and isinstance(payload, str):
            for sweep_id in payload.split():
                self._on_change(sweep_id)


def payloads(sweep_ids: Iterable[str]) -> Iterator[str]:
    """The ids, as many together as a notification takes."""
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

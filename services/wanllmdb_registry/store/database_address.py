"""The address of the database, which may name several servers, and connections to it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

RawConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Seconds after which a statement is canceled.
COMMAND_TIMEOUT = 60.0
# Seconds after which the next server of several is tried, while the one before has not answered: a
# machine that is gone answers nothing.
STAGGER = 0.25

# The parts of an address around its hosts, as SQLAlchemy divides it.
_AROUND_HOSTS = re.compile(
    r"(?P<before>[\w+]+://(?:[^:/]*(?::[^@]*)?@)?)(?P<hosts>[^/?]*)(?P<after>.*)", re.DOTALL
)
_HOST = re.compile(r"(?P<host>\[[^\]]+\]|/[^:]*|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
_DEFAULT_PORT = 5432
_TARGET = "target_session_attrs"
_TARGETS = ("read-write", "primary")

Host: TypeAlias = tuple[str, int]


class DatabaseUrlError(ValueError):
    """The address of the database is invalid."""


class PooledError(Exception):
    """A connection pooler answers where a session of PostgreSQL is needed."""


class DatabaseAddress:
    """The address of one database on one server, or on several of which one takes writes.

    Attributes:
        url: The address for SQLAlchemy, with the first server alone.
        dsn: The same for asyncpg. It contains the password.
        hosts: The servers, if the address names several.

    Raises:
        DatabaseUrlError: the address is not one of a PostgreSQL database.
    """

    def __init__(self, address: str) -> None:
        first, hosts = _divided(address)
        try:
            url = make_url(first)
        except (ArgumentError, ValueError):
            raise DatabaseUrlError(
                "the database address is not of the form "
                "postgresql://user:password@host:port/name, with one host:port or several, "
                "separated by commas"
            ) from None
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise DatabaseUrlError(f"must be a PostgreSQL address, not {url.get_backend_name()}://")
        listed = url.query.get("host", "")
        if not hosts and isinstance(listed, str) and "," in listed:
            hosts = _listed(listed, str(url.query.get("port", "")))
            url = url.difference_update_query(["host", "port"])
        target = url.query.get(_TARGET, _TARGETS[0])
        if target not in _TARGETS:
            raise DatabaseUrlError(
                f"{_TARGET} must be read-write, because a registry writes: no other server of the "
                "address is of use"
            )
        url = url.difference_update_query([_TARGET])
        self.hosts = tuple(hosts)
        self.url = url.set(drivername="postgresql+asyncpg")
        self.dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)


def async_url(address: str) -> URL:
    """Return the address with the asyncpg driver instead of the driver that it names.

    Raises:
        DatabaseUrlError: the address is not one of a PostgreSQL database.
    """
    return DatabaseAddress(address).url


def _divided(address: str) -> tuple[str, list[Host]]:
    """Return the address with its first host alone, and all hosts if there are several."""
    parts = _AROUND_HOSTS.fullmatch(address)
    if parts is None or "," not in parts["hosts"]:
        return address, []
    return f"{parts['before']}{parts['hosts'].partition(',')[0]}{parts['after']}", [
        _host(text) for text in parts["hosts"].split(",")
    ]


def _listed(hosts: str, ports: str) -> list[Host]:
    """Return the hosts of an address that lists hosts and ports as options."""
    parsed = [_host(text) for text in hosts.split(",")]
    numbers = ports.split(",") if ports else []
    if len(numbers) not in (0, 1, len(parsed)) or not all(n.isdecimal() for n in numbers):
        raise DatabaseUrlError("the database address must list one port, or one for each host")
    if not numbers:
        return parsed
    if len(numbers) == 1:
        numbers *= len(parsed)
    return [(host, int(number)) for (host, _), number in zip(parsed, numbers, strict=True)]


def _host(text: str) -> Host:
    found = _HOST.fullmatch(text)
    port = int(found["port"] or _DEFAULT_PORT) if found else 0
    if found is None or not 0 < port < 65_536:
        raise DatabaseUrlError(
            "a host of the database address is not of the form host or host:port"
        )
    return found["host"].strip("[]"), port


class Connector:
    """Opens connections to the server of the address that takes writes.

    Of several servers, the one of the last connection is tried first. A server that refuses is
    followed by the next one at once, a silent one after STAGGER.

    Through a connection pooler, as PgBouncer in transaction mode, consecutive transactions of one
    connection run in different sessions of PostgreSQL. So its connections keep no prepared
    statements.

    Args:
        address: The address.
        timeout: Seconds to wait for each server.
    """

    def __init__(self, address: DatabaseAddress, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._preferred: Host | None = None
        self._is_pooled: bool | None = None
        self._hosts: weakref.WeakKeyDictionary[RawConnection, Host] = weakref.WeakKeyDictionary()

    async def connect(self, application_name: str | None = None) -> RawConnection:
        """Return a new connection, whose transactions may write.

        Raises:
            OSError: no server can be reached.
            asyncpg.TargetServerAttributeNotMatched: no server takes writes at present.
            asyncpg.PostgresError: the server rejected the login.
        """
        return await self._connect(application_name, caches_statements=not await self.is_pooled())

    async def is_pooled(self) -> bool:
        """Whether a connection pooler answers at the address, as found on the first connection.

        Raises:
            Exception: as `connect`.
        """
        if self._is_pooled is None:
            connection = await self._connect(None, caches_statements=False)
            try:
                # A pooler makes up the process id that it gives to a client.
                process = await connection.fetchval("SELECT pg_backend_pid()")
                self._is_pooled = process != connection.get_server_pid()
                # In order, so that PostgreSQL's log has no line about it.
                await connection.close(timeout=self._timeout)
            finally:
                connection.terminate()
        return self._is_pooled

    def host_of(self, connection: RawConnection) -> Host | None:
        """Return the server of a connection; None if the address names one server only."""
        return self._hosts.get(connection)

    async def _connect(
        self, application_name: str | None, *, caches_statements: bool
    ) -> RawConnection:
        options: dict[str, Any] = {} if caches_statements else {"statement_cache_size": 0}
        if application_name is not None:
            options["server_settings"] = {"application_name": application_name}
        hosts = sorted(self._address.hosts, key=lambda host: host != self._preferred)
        if not hosts:
            return await self._connect_to(None, options)
        host, connection = await self._first(hosts, options)
        self._preferred = host
        self._hosts[connection] = host
        return connection

    async def _connect_to(self, host: Host | None, options: Mapping[str, Any]) -> RawConnection:
        place: dict[str, Any] = {} if host is None else {"host": host[0], "port": host[1]}
        return await asyncpg.connect(
            self._address.dsn,
            timeout=self._timeout,
            command_timeout=COMMAND_TIMEOUT,
            target_session_attrs=SessionAttribute.read_write,
            **place,
            **options,
        )

    async def _first(
        self, hosts: Iterable[Host], options: Mapping[str, Any]
    ) -> tuple[Host, RawConnection]:
        """Return the first connection that succeeds."""
        waiting = deque(hosts)
        attempts: dict[asyncio.Task[RawConnection], Host] = {}
        errors: list[BaseException] = []
        try:
            while waiting or attempts:
                if waiting:
                    host = waiting.popleft()
                    attempt = asyncio.create_task(self._connect_to(host, options))
                    attempts[attempt] = host
                done, _ = await asyncio.wait(
                    attempts,
                    timeout=STAGGER if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for attempt in done:
                    error = attempt.exception()
                    host = attempts.pop(attempt)
                    if error is None:
                        return host, attempt.result()
                    errors.append(error)
        finally:
            await _abandon(attempts)
        raise _most_telling(errors)


async def _abandon(attempts: Iterable[asyncio.Task[RawConnection]]) -> None:
    """Cancel attempts, and close the connections of those that succeeded meanwhile."""
    attempts = list(attempts)
    for attempt in attempts:
        attempt.cancel()
    for outcome in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(outcome, asyncpg.Connection):
            outcome.terminate()


def _most_telling(errors: Iterable[BaseException]) -> BaseException:
    """Return the error that says most: a rejection, else that no server takes writes."""

    def rank(error: BaseException) -> int:
        if isinstance(error, OSError | asyncpg.CannotConnectNowError):
            return 2
        return int(isinstance(error, asyncpg.TargetServerAttributeNotMatched))

    return min(errors, key=rank)


@contextlib.contextmanager
def address_errors() -> Iterator[None]:
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

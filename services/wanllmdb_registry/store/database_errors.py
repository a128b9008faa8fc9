"""The errors that callers get when PostgreSQL fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wanllmdb_common.errors import OverloadedError, UnavailableError

# Seconds after which to retry when all connections are in use.
RETRY_AFTER = 1.0

# Serialization failure and deadlock: a retry of the transaction may succeed.
_CONFLICT_STATES = {"40001", "40P01"}
# Connection exceptions, insufficient resources, operator intervention, a standby
# that takes no writes, a transaction that was left open for too long; and what
# the operator must fix: a wrong user or password, no such database, no permission to use it,
# a database that accepts no connections.
_UNAVAILABLE_STATES = ("08", "53", "57", "25006", "25P03", "28", "3D", "42501", "55000")

log = structlog.get_logger(__name__)


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
        raise overloaded() from None
    except OSError as error:
        raise _unavailable(error) from error


def is_read_only(error: asyncpg.PostgresError | DBAPIError) -> bool:
    """Whether the server refused a statement because it takes no writes, as a standby."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == asyncpg.ReadOnlySQLTransactionError.sqlstate


def _translated(error: Exception, state: str | None) -> Exception | None:
    state = state or ""
    if state in _CONFLICT_STATES:
        return UnavailableError(
            "WRITE_CONFLICT", "the write conflicted with another write; retry the same request"
        )
    if state.startswith(_UNAVAILABLE_STATES) or _is_lost_connection(error):
        return _unavailable(error)
    return None


def _is_lost_connection(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        if error.orig is not None and error.orig.__cause__ is not None:
            error = error.orig.__cause__
    # asyncpg's own errors concern the connection, except those about arguments. One of them
    # reports that the server ended an idle connection.
    own = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
    return own and not isinstance(error, ValueError)


def _unavailable(error: Exception) -> UnavailableError:
    # SQLAlchemy's own text would show the statement.
    text = str(getattr(error, "orig", None) or error)
    log.warning("database unavailable", error=type(error).__name__, text=text[:500])
    return database_unavailable()


def write_conflict() -> UnavailableError:
    """Return the error of a write whose every attempt conflicted."""
    return UnavailableError(
        "WRITE_CONFLICT",
        "the write conflicted with concurrent writes on every attempt; retry the same request",
    )


def overloaded() -> OverloadedError:
    """Return the error of a call that found all connections in use."""
    return OverloadedError(
        "OVERLOADED",
        f"all database connections of this registry are in use: retry in {RETRY_AFTER:g} s, "
        "send fewer calls at once, or ask an operator for a larger --pool-size",
        RETRY_AFTER,
    )


def database_unavailable() -> UnavailableError:
    """Return the error of a call while PostgreSQL does not answer."""
    return UnavailableError(
        "DATABASE_UNAVAILABLE", "the registry's database does not answer; retry the request"
    )

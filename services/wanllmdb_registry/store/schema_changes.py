"""Upgrades and downgrades the tables through Alembic; safe for many replicas at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from wanllmdb_registry.store.migrate import (
    MIGRATIONS,
    ForeignDatabaseError,
    NewerDatabaseError,
    TablesInUseError,
)
from wanllmdb_registry.store.schema import metadata

# Held while migrating, so that replicas that start together take turns. The number is
# arbitrary but must not change.
_ADVISORY_LOCK = 7_263_541_120_871_001

# A table, type or other object that exists already, and a column that does not.
_IN_THE_WAY = {"42P07", "42710", "42703"}

# A lock that waits holds up every later call on its table. This is shorter than PostgreSQL's
# deadlock_timeout, so that in a deadlock the migration gives up, and no call of a registry.
_LOCK_TIMEOUT_MS = 500
# A lock that was not available in time, and a deadlock.
_IN_USE = {"55P03", "40P01"}


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade within the connection's transaction, under a lock.

    Raises:
        TablesInUseError: a transaction used a table for too long.
        NewerDatabaseError: a newer registry has migrated the database.
        ForeignDatabaseError: the database has another program's tables.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    config = _config(connection)
    with _foreign_tables():
        present = current_revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise NewerDatabaseError(
            f"the database has the tables of a newer registry (revision {present}; this registry "
            f"knows {max(known)} and earlier); start the newer registry"
        )
    if present == revision:
        # Another replica was first.
        return
    _lock_tables(connection)
    with _foreign_tables():
        command.upgrade(config, revision)


def _lock_tables(connection: Connection) -> None:
    """Lock every table before the first is changed, in the order in which registries do.

    That is the order of the schema. Otherwise the migration would wait for a table in the middle of
    its changes.
    """
    present = set(inspect(connection).get_table_names())
    names = [name for name in metadata.tables if name in present]
    if not names:
        return
    connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}"))
    try:
        connection.execute(text(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_USE:
            raise
        raise TablesInUseError from error
    connection.execute(text("SET LOCAL lock_timeout = DEFAULT"))


@contextlib.contextmanager
def _foreign_tables() -> Iterator[None]:
    """Turn errors about unexpected tables into ForeignDatabaseError."""
    try:
        yield
    except CommandError as error:
        problem = str(error)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY:
            raise
        # Only the first line, because the others show the statement.
        problem = str(error.orig).splitlines()[0].rpartition(">: ")[2]
    else:
        return
    raise ForeignDatabaseError(
        f"the database has tables of another program, or its own were changed ({problem}); "
        "nothing was changed: use a separate database, or restore a backup"
    )


def downgrade(connection: Connection, revision: str) -> None:
    """Downgrade to `revision` within the connection's transaction, under a lock."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the tables; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config

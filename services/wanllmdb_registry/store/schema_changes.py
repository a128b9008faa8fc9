"""Upgrades and downgrades the tables through Alembic; safe for many replicas at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from wanllmdb_registry.store.migrate import MIGRATIONS, ForeignDatabaseError, NewerDatabaseError

# Held while migrating, so that replicas that start together take turns. The number is
# arbitrary but must not change.
_ADVISORY_LOCK = 7_263_541_120_871_001

# A table, type or other object that exists already, and a column that does not.
_IN_THE_WAY = {"42P07", "42710", "42703"}


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade within the connection's transaction, under a lock.

    Raises:
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
    with _foreign_tables():
        command.upgrade(config, revision)


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

"""Brings the tables up to date when a registry starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy import Connection, text

from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_errors import database_unavailable

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of Alembic's scripts. Each script's name begins with its revision."""

LATEST = max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
"""The revision of the tables that this registry works with."""


# How often the tables are locked before the migration gives up, and the seconds between, in which
# the calls of older registries go on.
_LOCK_ATTEMPTS = 300
_LOCK_PAUSE = 1.0


class TablesInUseError(Exception):
    """A transaction of another registry uses the tables; nothing was changed."""


class NewerDatabaseError(Exception):
    """The tables belong to a newer registry."""


class ForeignDatabaseError(Exception):
    """The tables belong to another program; nothing was changed."""


async def migrate(database: Database, revision: str = LATEST) -> None:
    """Upgrade the tables to `revision`; do nothing if they have it.

    Older registries may use the tables meanwhile. Their transactions go on before the tables are
    changed, and other calls wait for at most a part of a second until the change begins.

    Raises:
        UnavailableError: the database does not answer, or others use its tables for minutes.
        NewerDatabaseError: a newer registry has migrated the database.
        ForeignDatabaseError: the database has another program's tables.
    """
    for attempt in range(_LOCK_ATTEMPTS):
        try:
            await _migrate_once(database, revision)
        except TablesInUseError as error:
            if attempt == _LOCK_ATTEMPTS - 1:
                raise database_unavailable() from error.__cause__
            if attempt == 0:
                log.warning("the migration waits for a transaction that uses the tables")
            await asyncio.sleep(_LOCK_PAUSE)
        else:
            return


async def _migrate_once(database: Database, revision: str) -> None:
    async with database.migration() as connection:
        if await connection.run_sync(_stored_revision) == revision:
            return
        # Imported here because loading Alembic takes a fifth of the registry's start, and nearly
        # every start finds the tables up to date.
        from wanllmdb_registry.store.schema_changes import upgrade

        await connection.run_sync(upgrade, revision)


def _stored_revision(connection: Connection) -> str | None:
    """Return the one revision that Alembic stored in the database; None without one."""
    table = connection.scalar(text("SELECT to_regclass('alembic_version')::text"))
    columns = [] if table is None else connection.scalars(text(_COLUMNS)).all()
    if columns != ["version_num"]:
        return None
    revisions = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return str(revisions[0]) if len(revisions) == 1 else None


# Another program's table of that name may have other columns.
_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'alembic_version'::regclass "
    "AND attnum > 0 AND NOT attisdropped"
)

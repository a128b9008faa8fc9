"""Brings the tables up to date when a registry starts."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from wanllmdb_registry.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
"""The folder of Alembic's scripts. Each script's name begins with its revision."""

LATEST = max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]
"""The revision of the tables that this registry works with."""


class NewerDatabaseError(Exception):
    """The tables belong to a newer registry."""


class ForeignDatabaseError(Exception):
    """The tables belong to another program; nothing was changed."""


async def migrate(database: Database, revision: str = LATEST) -> None:
    """Upgrade the tables to `revision`; do nothing if they have it.

    Raises:
        UnavailableError: the database does not answer.
        NewerDatabaseError: a newer registry has migrated the database.
        ForeignDatabaseError: the database has another program's tables.
    """
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

"""Brings a database to the newest tables, or back; safe for many replicas at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from wanllmdb_registry.store.database import Database

# Held while migrating, so that replicas that start together take turns. Any
# number will do, as long as it stays the same.
_ADVISORY_LOCK = 7_263_541_120_871_001


async def migrate(database: Database, revision: str = "head") -> None:
    """Upgrades the tables to `revision`; does nothing when they are there.

    Raises:
        UnavailableError: the database does not answer.
    """
    async with database.migration() as connection:
        await connection.run_sync(upgrade, revision)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrades within the connection's transaction, under a lock."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Goes back to `revision`, within the connection's transaction, under a lock."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """The revision that the tables have; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config

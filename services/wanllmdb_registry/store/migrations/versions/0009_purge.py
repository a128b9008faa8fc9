"""Let a sweep be deleted before its rows: no foreign keys to sweeps, and a time of the purge.

Older registries can continue beside these tables. A sweep that an older one deletes leaves its
runs, prior runs and events to the purge of a newer one, because there is no cascade any more, and
an older one shows what is left of them to callers who name the run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CASCADING = ("runs", "prior_runs", "sweep_events")
_OF_SWEEPS = (*_CASCADING, "last_values", "metric_points")


def upgrade() -> None:
    for table in _CASCADING:
        op.drop_constraint(f"{table}_sweep_id_fkey", table, type_="foreignkey")
    op.add_column("deleted_sweeps", sa.Column("purge_time", sa.DateTime(timezone=True)))
    # After the column exists: the sweeps that are deleted by now have no rows.
    op.alter_column("deleted_sweeps", "purge_time", server_default=sa.func.now())
    op.create_index(
        "deleted_sweeps_to_purge",
        "deleted_sweeps",
        ["delete_time", "sweep_id"],
        postgresql_where=sa.text("purge_time IS NOT NULL"),
    )


def downgrade() -> None:
    for table in _OF_SWEEPS:
        op.execute(
            f"DELETE FROM {table} USING deleted_sweeps WHERE purge_time IS NOT NULL "
            f"AND {table}.sweep_id = deleted_sweeps.sweep_id"
        )
    op.drop_index("deleted_sweeps_to_purge", "deleted_sweeps")
    op.drop_column("deleted_sweeps", "purge_time")
    for table in _CASCADING:
        op.create_foreign_key(
            f"{table}_sweep_id_fkey",
            table,
            "sweeps",
            ["sweep_id"],
            ["sweep_id"],
            ondelete="CASCADE",
        )

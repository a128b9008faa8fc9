"""Let registries of revisions 0005 and 0006 write beside newer ones.

They leave out the columns that 0006 and 0007 added, so these columns get defaults. They also know
nothing of a sweep's outline: lists read the config in place of one that is missing. If such a
registry changes a config, lists show the earlier outline until the sweep is changed again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DEFAULTS = {
    ("runs", "stop_requested"): sa.text("false"),
    ("sweeps", "events"): sa.text("0"),
    ("sweeps", "update_time"): sa.text("now()"),
}


def upgrade() -> None:
    for (table, column), default in _DEFAULTS.items():
        op.alter_column(table, column, server_default=default)
    op.alter_column("sweeps", "outline", nullable=True)


def downgrade() -> None:
    op.execute("UPDATE sweeps SET outline = config WHERE outline IS NULL")
    op.alter_column("sweeps", "outline", nullable=False)
    for table, column in _DEFAULTS:
        op.alter_column(table, column, server_default=None)

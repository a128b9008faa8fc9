"""Mark running runs that a user canceled."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("stop_requested", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.alter_column("runs", "stop_requested", server_default=None)


def downgrade() -> None:
    op.drop_column("runs", "stop_requested")

"""Create the table of the projects of deleted sweeps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deleted_sweeps",
        sa.Column("sweep_id", sa.Text, primary_key=True),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("delete_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("deleted_sweeps_by_time", "deleted_sweeps", ["delete_time"])


def downgrade() -> None:
    op.drop_table("deleted_sweeps")

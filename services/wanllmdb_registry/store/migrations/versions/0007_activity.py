"""Mark running runs that a user canceled, and record what happens to sweeps."""

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
    op.add_column("sweeps", sa.Column("events", sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column("sweeps", "events", server_default=None)
    op.create_table(
        "sweep_events",
        sa.Column(
            "sweep_id",
            sa.Text,
            sa.ForeignKey("sweeps.sweep_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("index", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sweep_id", "index"),
    )


def downgrade() -> None:
    op.drop_table("sweep_events")
    op.drop_column("sweeps", "events")
    op.drop_column("runs", "stop_requested")

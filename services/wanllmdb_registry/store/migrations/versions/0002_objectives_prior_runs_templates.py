"""Add several objectives, names and configs to runs; create prior runs and templates."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _added(table: str, name: str, kind: sa.types.TypeEngine[Any], value: str) -> None:
    """Return a column with a value for existing rows; later rows set their own value."""
    op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
    op.alter_column(table, name, server_default=None)


def upgrade() -> None:
    _added("sweeps", "end_message", sa.Text(), "")
    _added("sweeps", "prior_runs", sa.BigInteger(), "0")
    _added("runs", "objectives", sa.Text(), "[]")
    _added("runs", "name", sa.Text(), "")
    _added("runs", "config", sa.Text(), "{}")
    _added("runs", "summary_steps", sa.Text(), "{}")
    op.create_table(
        "prior_runs",
        sa.Column(
            "sweep_id",
            sa.Text,
            sa.ForeignKey("sweeps.sweep_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("index", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("objectives", sa.Text, nullable=False),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sweep_id", "index"),
    )
    op.create_index("prior_runs_by_revision", "prior_runs", ["sweep_id", "revision"])
    op.create_table(
        "templates",
        sa.Column("name", sa.Text(collation="C"), primary_key=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("config_text", sa.Text, nullable=False),
        sa.Column("placeholders", sa.JSON, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "template_replies",
        sa.Column("request_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("reply", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("template_replies_by_time", "template_replies", ["create_time"])


def downgrade() -> None:
    op.drop_table("template_replies")
    op.drop_table("templates")
    op.drop_table("prior_runs")
    for name in ("summary_steps", "config", "name", "objectives"):
        op.drop_column("runs", name)
    for name in ("prior_runs", "end_message"):
        op.drop_column("sweeps", name)

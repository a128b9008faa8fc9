"""Create the tables of projects, sweeps, runs, metric points and replies."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("name", sa.Text, primary_key=True),
        _time("create_time"),
    )
    op.create_table(
        "sweeps",
        sa.Column("sweep_id", sa.Text, primary_key=True),
        sa.Column("project", sa.Text, sa.ForeignKey("projects.name"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        _text("description"),
        _text("config"),
        _text("method"),
        _text("state"),
        _text("finish_reason", nullable=True),
        _count("next_number"),
        sa.Column("space_exhausted", sa.Boolean, nullable=False),
        *map(
            _count,
            ("queued", "running", "finished", "pruned", "failed", "lost", "canceled"),
        ),
        sa.Column("best_number", sa.BigInteger),
        sa.Column("best_objective", sa.Double),
        sa.Column("best_parameters", sa.JSON),
        sa.Column("ended_seconds", sa.Double, nullable=False),
        *map(_count, ("revision", "own_revision", "version")),
        _time("create_time"),
        _time("start_time", nullable=True),
        _time("end_time", nullable=True),
    )
    op.create_index("sweeps_by_time", "sweeps", ["create_time", "sweep_id"])
    op.create_index("sweeps_by_project", "sweeps", ["project", "create_time", "sweep_id"])
    op.create_index("sweeps_by_name", "sweeps", ["name", "sweep_id"])
    op.create_table(
        "runs",
        sa.Column(
            "sweep_id",
            sa.Text,
            sa.ForeignKey("sweeps.sweep_id", ondelete="CASCADE"),
            nullable=False,
        ),
        _count("number"),
        _text("state"),
        sa.Column("parameters", sa.JSON, nullable=False),
        _text("origin"),
        sa.Column("attempt", sa.Integer, nullable=False),
        _text("agent_id"),
        sa.Column("objective", sa.Double),
        _text("error_message", nullable=True),
        _text("error_traceback", nullable=True),
        _text("external_run_id", nullable=True),
        sa.Column("labels", sa.JSON, nullable=False),
        _text("summary"),
        sa.Column("last_step", sa.BigInteger),
        sa.Column("sampler_state", sa.LargeBinary, nullable=False),
        sa.Column("losses", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        _count("revision"),
        _time("create_time"),
        _time("start_time", nullable=True),
        _time("end_time", nullable=True),
        _time("lease_expire_time", nullable=True),
        sa.PrimaryKeyConstraint("sweep_id", "number"),
    )
    op.create_index("runs_by_revision", "runs", ["sweep_id", "revision"])
    op.create_index("runs_by_state", "runs", ["sweep_id", "state", "number"])
    op.create_index("runs_by_objective", "runs", ["sweep_id", "objective", "number"])
    op.create_index(
        "runs_by_external_id",
        "runs",
        ["sweep_id", "external_run_id"],
        unique=True,
        postgresql_where=sa.text("external_run_id IS NOT NULL"),
    )
    op.create_index(
        "runs_leased", "runs", ["sweep_id"], postgresql_where=sa.text("state = 'RUNNING'")
    )
    op.create_table(
        "metric_points",
        _text("sweep_id"),
        _count("number"),
        sa.Column("attempt", sa.Integer, nullable=False),
        _text("name"),
        _count("step"),
        sa.Column("value", sa.Double, nullable=False),
        _time("time"),
        sa.Column("objective_revision", sa.BigInteger),
        sa.PrimaryKeyConstraint("sweep_id", "number", "attempt", "name", "step"),
    )
    op.create_index(
        "metric_points_by_revision",
        "metric_points",
        ["sweep_id", "objective_revision"],
        postgresql_where=sa.text("objective_revision IS NOT NULL"),
    )
    op.create_table(
        "replies",
        _text("sweep_id"),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("reply", sa.LargeBinary, nullable=False),
        _time("create_time"),
        sa.PrimaryKeyConstraint("sweep_id", "request_id"),
    )
    op.create_index("replies_by_time", "replies", ["create_time"])


def downgrade() -> None:
    for table in ("replies", "metric_points", "runs", "sweeps", "projects"):
        op.drop_table(table)

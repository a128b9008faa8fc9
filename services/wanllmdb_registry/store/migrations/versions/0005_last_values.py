"""Store last values one row per metric, and JSON as texts, whose length is cheap to read."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Runs from before this limit may have more metrics. Besides the sweep's metrics, the migration
# keeps the first ones by name; otherwise such a run would be too large to read.
MAX_METRICS = 10_000
MAX_METRIC_BYTES = 1024 * 1024
_PAGE = 100

_JSON_COLUMNS = (
    ("sweeps", "best_parameters"),
    ("runs", "parameters"),
    ("runs", "labels"),
    ("prior_runs", "parameters"),
    ("templates", "placeholders"),
)


def upgrade() -> None:
    op.create_table(
        "last_values",
        sa.Column("sweep_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("sweep_id", "number", "attempt", "name"),
    )
    for name in ("metrics", "metric_bytes"):
        op.add_column("runs", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
        op.alter_column("runs", name, server_default=None)
    for run in _runs("summary, summary_steps"):
        _keep_last_values(run)
    for name in ("summary", "summary_steps"):
        op.drop_column("runs", name)
    for table, name in _JSON_COLUMNS:
        op.alter_column(table, name, type_=sa.Text, postgresql_using=f"{name}::text")


def downgrade() -> None:
    for table, name in _JSON_COLUMNS:
        op.alter_column(table, name, type_=sa.JSON, postgresql_using=f"{name}::json")
    for name in ("summary", "summary_steps"):
        op.add_column("runs", sa.Column(name, sa.Text, nullable=False, server_default="{}"))
        op.alter_column("runs", name, server_default=None)
    for run in _runs("state"):
        _write_summary(run)
    for name in ("metrics", "metric_bytes"):
        op.drop_column("runs", name)
    op.drop_table("last_values")


def _runs(columns: str) -> Iterator[Mapping[str, Any]]:
    """Yield every run, read in pages, because all summaries together may not fit into memory."""
    statement = sa.text(
        f"SELECT sweep_id, number, attempt, {columns} FROM runs "
        "WHERE (sweep_id, number) > (:sweep_id, :number) ORDER BY sweep_id, number LIMIT :page"
    )
    after = {"sweep_id": "", "number": -1}
    while True:
        rows = op.get_bind().execute(statement, {**after, "page": _PAGE}).mappings().all()
        yield from map(dict, rows)
        if len(rows) < _PAGE:
            return
        after = {name: rows[-1][name] for name in after}


def _keep_last_values(run: Mapping[str, Any]) -> None:
    summary = json.loads(run["summary"])
    if not summary:
        return
    steps = json.loads(run["summary_steps"])
    own = _own_metrics(run["sweep_id"])
    others = list(islice((name for name in sorted(summary) if name not in own), MAX_METRICS))
    while sum(len(name.encode()) for name in others) > MAX_METRIC_BYTES:
        del others[-max(1, len(others) // 20) :]
    key = {name: run[name] for name in ("sweep_id", "number")}
    op.get_bind().execute(
        sa.text(
            "INSERT INTO last_values (sweep_id, number, attempt, name, step, value) "
            "VALUES (:sweep_id, :number, :attempt, :name, :step, :value)"
        ),
        [
            {
                **key,
                "attempt": run["attempt"],
                "name": name,
                # Unknown for values from before this migration.
                "step": steps.get(name, 0),
                "value": float(summary[name]),
            }
            for name in [*(name for name in summary if name in own), *others]
        ],
    )
    op.get_bind().execute(
        sa.text(
            "UPDATE runs SET metrics = :metrics, metric_bytes = :metric_bytes "
            "WHERE sweep_id = :sweep_id AND number = :number"
        ),
        {
            **key,
            "metrics": len(others),
            "metric_bytes": sum(len(name.encode()) for name in others),
        },
    )


def _own_metrics(sweep_id: str) -> set[str]:
    statement = sa.text("SELECT config FROM sweeps WHERE sweep_id = :sweep_id")
    config = json.loads(op.get_bind().execute(statement, {"sweep_id": sweep_id}).scalar_one())
    one = [config["metric"]] if "metric" in config else []
    return {metric["name"] for metric in [*one, *config.get("metrics", ())]}


def _write_summary(run: Mapping[str, Any]) -> None:
    key = {name: run[name] for name in ("sweep_id", "number", "attempt")}
    statement = sa.text(
        "SELECT name, step, value FROM last_values "
        "WHERE sweep_id = :sweep_id AND number = :number AND attempt = :attempt"
    )
    rows = op.get_bind().execute(statement, key).all()
    if not rows:
        return
    op.get_bind().execute(
        sa.text(
            "UPDATE runs SET summary = :summary, summary_steps = :summary_steps "
            "WHERE sweep_id = :sweep_id AND number = :number"
        ),
        {
            "sweep_id": run["sweep_id"],
            "number": run["number"],
            "summary": json.dumps({row.name: row.value for row in rows}),
            "summary_steps": json.dumps({row.name: row.step for row in rows}),
        },
    )

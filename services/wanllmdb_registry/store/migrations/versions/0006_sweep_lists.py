"""Keep each sweep's time of its last change and an outline of its config, for lists."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PAGE = 100
_STATE_RANK = (
    "array_position(ARRAY['CANCELED'::text, 'FAILED'::text, 'FINISHED'::text, 'PAUSED'::text, "
    "'RUNNING'::text, 'PENDING'::text], state)"
)
_INDEXES = {
    "sweeps_by_update_time": "update_time",
    "sweeps_by_runs": "next_number",
    "sweeps_by_state": f"({_STATE_RANK})",
}


def upgrade() -> None:
    op.add_column("sweeps", sa.Column("outline", sa.Text))
    op.add_column("sweeps", sa.Column("update_time", sa.DateTime(timezone=True)))
    # The time of the last change was not kept. The last creation, start or end is the best guess.
    op.execute(
        "UPDATE sweeps SET update_time = greatest(create_time, start_time, end_time, ("
        "SELECT max(greatest(create_time, start_time, end_time)) FROM runs "
        "WHERE runs.sweep_id = sweeps.sweep_id))"
    )
    _write_outlines()
    for name in ("outline", "update_time"):
        op.alter_column("sweeps", name, nullable=False)
    for index, key in _INDEXES.items():
        op.create_index(index, "sweeps", [sa.text(key), "create_time", "sweep_id"])


def downgrade() -> None:
    for index in _INDEXES:
        op.drop_index(index, "sweeps")
    for name in ("outline", "update_time"):
        op.drop_column("sweeps", name)


def _write_outlines() -> None:
    """Write the outline of every sweep, read in pages, because a config may take 1 MiB."""
    read = sa.text(
        "SELECT sweep_id, config FROM sweeps WHERE sweep_id > :after ORDER BY sweep_id LIMIT :page"
    )
    write = sa.text("UPDATE sweeps SET outline = :outline WHERE sweep_id = :sweep_id")
    after = ""
    while rows := op.get_bind().execute(read, {"after": after, "page": _PAGE}).all():
        op.get_bind().execute(
            write,
            [
                {"sweep_id": row.sweep_id, "outline": json.dumps(_outline(json.loads(row.config)))}
                for row in rows
            ],
        )
        after = rows[-1].sweep_id


def _outline(config: dict[str, Any]) -> dict[str, Any]:
    outline = {k: v for k, v in config.items() if k not in ("constraints", "command")}
    outline["parameters"] = {}
    for key in ("sampler", "pruner", "terminate"):
        if key in outline:
            outline[key] = {"name": outline[key]["name"]}
    return outline

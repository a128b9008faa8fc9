"""The tables. A test checks that the migrations create exactly these tables.

All tables of a sweep's data have the sweep's id as the first key column, so that they can be
partitioned by sweep. They have no foreign key to `sweeps`: rows are written only under the lock of
their sweep's row, so a check for each would gain nothing. DeleteSweep deletes that row alone, which
hides the others from every read, and `purge_store` deletes them in parts.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TextClause,
    Uuid,
    func,
    text,
)

metadata = MetaData()

# A sweep's state as a number, highest for PENDING: the states in their order, when read backwards.
# An index serves an order only if the query has the very same expression.
STATE_RANK = (
    "array_position(ARRAY['CANCELED'::text, 'FAILED'::text, 'FINISHED'::text, 'PAUSED'::text, "
    "'RUNNING'::text, 'PENDING'::text], state)"
)


# The default of a column is for older registries, which do not write it.
def _time(name: str, nullable: bool = False, default: TextClause | None = None) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


projects = Table(
    "projects",
    metadata,
    Column("name", Text, primary_key=True),
    _time("create_time"),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("sweep_id", Text, primary_key=True),
    Column("project", Text, ForeignKey("projects.name"), nullable=False),
    # Collation C orders by bytes, which is the same on every system, and lets an index serve prefix
    # searches.
    Column("name", Text(collation="C"), nullable=False),
    Column("description", Text, nullable=False),
    # The spec as a config in JSON text, which keeps every number exact and is readable.
    Column("config", Text, nullable=False),
    # The same without the search space, the command and the options of algorithms, for lists. An
    # older registry writes none.
    Column("outline", Text),
    Column("method", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("finish_reason", Text),
    Column("next_number", BigInteger, nullable=False),
    Column("space_exhausted", Boolean, nullable=False),
    Column("queued", BigInteger, nullable=False),
    Column("running", BigInteger, nullable=False),
    Column("finished", BigInteger, nullable=False),
    Column("pruned", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("canceled", BigInteger, nullable=False),
    Column("best_number", BigInteger),
    Column("best_objective", Double),
    # JSON text, like the parameters of runs.
    Column("best_parameters", Text),
    Column("ended_seconds", Double, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("own_revision", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    _time("create_time"),
    _time("update_time", default=text("now()")),
    _time("start_time", nullable=True),
    _time("end_time", nullable=True),
    Column("end_message", Text, nullable=False),
    Column("prior_runs", BigInteger, nullable=False),
    # How many events were recorded, of which the latest are kept.
    Column("events", BigInteger, nullable=False, server_default=text("0")),
    Index("sweeps_by_time", "create_time", "sweep_id"),
    Index("sweeps_by_project", "project", "create_time", "sweep_id"),
    Index("sweeps_by_name", "name", "sweep_id"),
    # Read backwards, which keeps equal sweeps newest first.
    Index("sweeps_by_update_time", "update_time", "create_time", "sweep_id"),
    Index("sweeps_by_runs", "next_number", "create_time", "sweep_id"),
    Index("sweeps_by_state", text(f"({STATE_RANK})"), "create_time", "sweep_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    # JSON in a column of type Text: the text is kept unchanged, so 1e20 stays a float, and
    # PostgreSQL knows its length without reading it, unlike that of a JSON column.
    Column("parameters", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("objective", Double),
    # A JSON list as text, in sweeps with several metrics. Rows are written from arrays, and
    # PostgreSQL would take lists within an array for further dimensions.
    Column("objectives", Text, nullable=False),
    Column("error_message", Text),
    Column("error_traceback", Text),
    Column("external_run_id", Text),
    Column("labels", Text, nullable=False),
    Column("name", Text, nullable=False),
    # The values that the program set in its config.
    Column("config", Text, nullable=False),
    # The number of metrics of the current attempt besides the sweep's own, and the bytes of their
    # names.
    Column("metrics", Integer, nullable=False),
    Column("metric_bytes", Integer, nullable=False),
    Column("last_step", BigInteger),
    Column("sampler_state", LargeBinary, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    # Whether a user asked that the running run stops.
    Column("stop_requested", Boolean, nullable=False, server_default=text("false")),
    Column("revision", BigInteger, nullable=False),
    _time("create_time"),
    _time("start_time", nullable=True),
    _time("end_time", nullable=True),
    _time("lease_expire_time", nullable=True),
    PrimaryKeyConstraint("sweep_id", "number"),
    Index("runs_by_revision", "sweep_id", "revision"),
    Index("runs_by_state", "sweep_id", "state", "number"),
    Index("runs_by_objective", "sweep_id", "objective", "number"),
    Index(
        "runs_by_external_id",
        "sweep_id",
        "external_run_id",
        unique=True,
        postgresql_where=text("external_run_id IS NOT NULL"),
    ),
    # A small index: it holds only running runs. It omits the expiry time, so that a heartbeat
    # updates no index.
    Index("runs_leased", "sweep_id", postgresql_where=text("state = 'RUNNING'")),
)

metric_points = Table(
    "metric_points",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    _time("time"),
    Column("objective_revision", BigInteger),
    PrimaryKeyConstraint("sweep_id", "number", "attempt", "name", "step"),
    Index(
        "metric_points_by_revision",
        "sweep_id",
        "objective_revision",
        postgresql_where=text("objective_revision IS NOT NULL"),
    ),
)

# The last value of each metric, one row per metric, so that a report changes only the rows of its
# metrics. The key includes the attempt, so that a new attempt begins without values.
last_values = Table(
    "last_values",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    PrimaryKeyConstraint("sweep_id", "number", "attempt", "name"),
)

# Imported results. Each prior run has a revision of its own, as runs have.
prior_runs = Table(
    "prior_runs",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("objectives", Text, nullable=False),
    Column("last_step", BigInteger),
    Column("source", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("sweep_id", "index"),
    Index("prior_runs_by_revision", "sweep_id", "revision"),
)

# What happened to a sweep. The index counts its events from 0.
sweep_events = Table(
    "sweep_events",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    _time("time"),
    Column("kind", Text, nullable=False),
    Column("detail", Text, nullable=False),
    # Of the caller; empty for a change that no caller asked for.
    Column("key_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    PrimaryKeyConstraint("sweep_id", "index"),
)

templates = Table(
    "templates",
    metadata,
    # Collation C orders by bytes, which is the same on every system.
    Column("name", Text(collation="C"), primary_key=True),
    Column("description", Text, nullable=False),
    Column("config_text", Text, nullable=False),
    # A JSON list of objects: name, description, and default or example if given.
    Column("placeholders", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    _time("create_time"),
    _time("update_time"),
)

# The replies to mutations of templates; like `replies`, but without a sweep.
template_replies = Table(
    "template_replies",
    metadata,
    Column("request_id", Uuid(as_uuid=False), primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=False),
    _time("create_time"),
    Index("template_replies_by_time", "create_time"),
)

replies = Table(
    "replies",
    metadata,
    Column("sweep_id", Text, nullable=False),
    Column("request_id", Uuid(as_uuid=False), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=False),
    _time("create_time"),
    PrimaryKeyConstraint("sweep_id", "request_id"),
    Index("replies_by_time", "create_time"),
)

# The projects of deleted sweeps, for as long as their replies are stored, and until all their rows
# are deleted. A caller with access to the project gets the error SWEEP_NOT_FOUND, or the first
# response of a repeated request.
deleted_sweeps = Table(
    "deleted_sweeps",
    metadata,
    Column("sweep_id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    _time("delete_time"),
    # When the next part of the sweep's rows may be deleted; NULL if none is left. The default is
    # for registries that do not know the column.
    Column("purge_time", DateTime(timezone=True), server_default=func.now()),
    Index("deleted_sweeps_by_time", "delete_time"),
    Index(
        "deleted_sweeps_to_purge",
        "delete_time",
        "sweep_id",
        postgresql_where=text("purge_time IS NOT NULL"),
    ),
)

# API keys. Rows are never deleted, so that the key ids in the audit log can always be looked up.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Integer, nullable=False),
    # A JSON list of names; ["*"] for all.
    Column("projects", JSON, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("creator_key_id", Text, nullable=False),
    # The id of the request that created the key, and a digest of the request.
    Column("request_id", Uuid(as_uuid=False), nullable=False, unique=True),
    Column("fingerprint", LargeBinary, nullable=False),
    _time("create_time"),
    _time("expire_time", nullable=True),
    _time("revoke_time", nullable=True),
    Index("api_keys_by_time", "create_time", "key_id"),
)

"""A sweep within a write transaction: what was loaded, and what changed."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from wanllmdb_common.errors import InvalidArgumentError, NotFoundError
from wanllmdb_registry.domain.bounds import size_of_name
from wanllmdb_registry.domain.model import (
    MetricRow,
    NewPriorRuns,
    PriorRunColumns,
    Run,
    RunState,
    Sweep,
)
from wanllmdb_registry.domain.sweep_events import (
    NO_REQUESTER,
    Requester,
    SweepEvent,
    SweepEventKind,
    cut,
)

# A run's number and attempt.
Attempt = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Identifies a request that is executed once: its id, and a digest of its content."""

    request_id: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The answer that a request got."""

    fingerprint: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """The data that the store must load before a command is executed.

    Attributes:
        numbers: Runs, by number.
        reports: Attempts of which only the progress is needed, with the names of the metrics
            whose last values are needed: a report costs the same whatever else the run holds.
        external_run_ids: Runs, by external id.
        agent_ids: Agents whose running and queued runs are needed.
        queued: Whether all queued runs are needed.
        expired: Whether all runs past their lease are needed.
        histories: Attempts whose stored metric values are needed; see `UnitOfWork.values_of`.
        states: States of which the first ended runs by number are needed, as many as one request
            takes.
        together: Runs by number of which the first are needed, as many as one request takes.
        objectives: Whether the objectives of all finished runs are needed.
    """

    numbers: frozenset[int] = frozenset()
    reports: Mapping[Attempt, Collection[str]] = field(default_factory=dict)
    external_run_ids: frozenset[str] = frozenset()
    agent_ids: frozenset[str] = frozenset()
    queued: bool = False
    expired: bool = False
    histories: frozenset[Attempt] = frozenset()
    states: frozenset[RunState] = frozenset()
    together: frozenset[int] = frozenset()
    objectives: bool = False


class ReportedRow(NamedTuple):
    """What the values of one reported row share; `revision` is that of the report."""

    step: int
    time: datetime
    revision: int


@dataclass(slots=True)
class ReportedValues:
    """Metric values that a unit of work adds to the history of one attempt.

    Attributes:
        stored_step: The highest step that is stored; None before the first one.
        rows: The reported rows.
        values: The index of its row and the value, by name and step.
        overwrites: Whether a value with the same name and step may be stored.
    """

    stored_step: int | None
    rows: list[ReportedRow] = field(default_factory=list)
    values: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    overwrites: bool = False

    def add_row(self, row: ReportedRow) -> int:
        """Add a row; return its index."""
        self.rows.append(row)
        if self.stored_step is not None and row.step <= self.stored_step:
            self.overwrites = True
        return len(self.rows) - 1


@dataclass(slots=True)
class UnitOfWork:
    """A loaded sweep with the runs that the commands need, and every change to them.

    Commands change the sweep through the methods here, which keep revisions, counters and the
    list of rows to write consistent.

    Attributes:
        sweep: The sweep.
        now: The time of the database's clock.
        lease: How long a lease lasts.
        runs: The loaded and the created runs, by number.
        replies: Stored replies of the commands' requests, by request id.
        created: Numbers of created runs.
        changed: Numbers of changed runs.
        progress_only: Numbers of runs of which no more was loaded than a report needs.
        reported: New metric values, by attempt.
        last_values: The step and the value of new last values, by attempt and name.
        stored_values: Loaded metric values by attempt, then by name and step.
        objectives: Loaded objectives of finished runs by number, in a sweep with several metrics.
        new_prior_runs: Added prior runs.
        new_replies: Replies to store, by request id.
        new_events: Events to store.
        requester: Who asked for the current command.
        deleted: Whether the sweep was deleted.
        mutations: Number of changes so far.
        loaded_revision: The sweep's revision when it was loaded.
    """

    sweep: Sweep
    now: datetime
    lease: timedelta
    runs: dict[int, Run] = field(default_factory=dict)
    replies: dict[str, StoredReply] = field(default_factory=dict)
    created: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    progress_only: set[int] = field(default_factory=set)
    reported: dict[Attempt, ReportedValues] = field(default_factory=dict)
    last_values: dict[Attempt, dict[str, tuple[int, float]]] = field(default_factory=dict)
    stored_values: dict[Attempt, dict[str, dict[int, float]]] = field(default_factory=dict)
    objectives: dict[int, tuple[float, ...]] = field(default_factory=dict)
    new_prior_runs: list[NewPriorRuns] = field(default_factory=list)
    new_replies: dict[str, StoredReply] = field(default_factory=dict)
    new_events: list[SweepEvent] = field(default_factory=list)
    requester: Requester = NO_REQUESTER
    deleted: bool = False
    mutations: int = 0
    loaded_revision: int = field(init=False)

    def __post_init__(self) -> None:
        self.loaded_revision = self.sweep.revision

    def run(self, number: int) -> Run:
        """Return the run with this number.

        Raises:
            NotFoundError: RUN_NOT_FOUND.
        """
        try:
            return self.runs[number]
        except KeyError:
            raise run_not_found(self.sweep.sweep_id, number=number) from None

    def next_revision(self) -> int:
        """Return the revision of the next change; each change of a transaction has its own."""
        self.sweep.revision += 1
        self.sweep.update_time = max(self.sweep.update_time, self.now)
        self.mutations += 1
        return self.sweep.revision

    def touch_sweep(self) -> None:
        """Record that the sweep's own fields or state changed."""
        self.sweep.own_revision = self.next_revision()
        self.sweep.version += 1

    def touch(self, run: Run) -> None:
        """Record that a run changed."""
        run.revision = self.next_revision()
        self.changed.add(run.number)

    def report(self, run: Run, rows: Sequence[MetricRow]) -> None:
        """Add values to the history and the summary of a run; call `touch` first.

        The last value of a metric is the one with the highest step, even if a lower step is
        reported later. A summary row does not change the history.
        """
        own = self.sweep.spec.metric_names
        attempt = (run.number, run.attempt)
        reported = self.reported.setdefault(attempt, ReportedValues(run.last_step))
        last_values = self.last_values.setdefault(attempt, {})
        summary, steps = run.summary, run.summary_steps
        for step, values, time, is_summary in rows:
            if not is_summary:
                row = reported.add_row(ReportedRow(step, time or self.now, run.revision))
                reported.values.update(
                    ((name, step), (row, value)) for name, value in values.items()
                )
            for name, value in values.items():
                last = steps.get(name)
                if last is None and name not in own:
                    run.metrics += 1
                    run.metric_bytes += size_of_name(name)
                if last is None or step >= last:
                    summary[name] = value
                    steps[name] = step
                    last_values[name] = (step, value)
            if not is_summary and (run.last_step is None or step > run.last_step):
                run.last_step = step

    def values_of(self, run: Run, name: str) -> dict[int, float]:
        """Return the metric's values of the current attempt by step; needs `histories` loaded."""
        attempt = (run.number, run.attempt)
        values = dict(self.stored_values.get(attempt, {}).get(name, {}))
        if attempt in self.reported:
            for (metric, step), (_, value) in self.reported[attempt].values.items():
                if metric == name:
                    values[step] = value
        return values

    def move(self, run: Run, state: RunState) -> None:
        """Move a run into a state; a final state ends its lease and sets its end time."""
        if run.number in self.progress_only:
            raise AssertionError(f"run {run.number} was not loaded whole")
        self.sweep.counts.move(run.state, state)
        if run.state.is_final and run.start_time and run.end_time:
            self.sweep.ended_seconds -= (run.end_time - run.start_time).total_seconds()
        run.state = state
        run.lease_expire_time = None
        run.end_time = self.now if state.is_final else None
        if state.is_final and run.start_time:
            self.sweep.ended_seconds += (self.now - run.start_time).total_seconds()
        self.touch(run)

    def create(self, run: Run) -> None:
        """Add a run under the sweep's next number."""
        if run.number != self.sweep.next_number:
            raise AssertionError(f"run {run.number} is not the next one")
        self.sweep.next_number += 1
        self.sweep.counts.move(None, run.state)
        self.runs[run.number] = run
        self.created.add(run.number)
        run.revision = self.next_revision()

    def add_prior_runs(self, runs: PriorRunColumns) -> None:
        """Add prior runs."""
        if len(runs):
            self.new_prior_runs.append(self.sweep.add_prior_runs(runs))
            self.touch_sweep()

    def note(self, kind: SweepEventKind, detail: str = "", *, is_requested: bool = True) -> None:
        """Record an event; call it after the change that it is about.

        Args:
            kind: What happened.
            detail: Details in a sentence; cut to MAX_DETAIL characters.
            is_requested: Whether the current command's caller asked for it, and not for another
                change of which it is a consequence.
        """
        requester = self.requester if is_requested else NO_REQUESTER
        sweep = self.sweep
        if sweep.revision == self.loaded_revision:
            # A concurrent write would not notice that the event was counted.
            raise AssertionError("an event without a change")
        self.new_events.append(
            SweepEvent(sweep.events, sweep.revision, self.now, kind, cut(detail), requester)
        )
        sweep.events += 1
        self.mutations += 1

    @property
    def answers(self) -> Mapping[str, StoredReply]:
        """The replies to requests, stored before or within this transaction."""
        return ChainMap(self.new_replies, self.replies)

    def record(self, key: RequestKey, reply: bytes) -> None:
        """Store the reply for a repetition of the request."""
        self.mutations += 1
        self.new_replies[key.request_id] = StoredReply(key.fingerprint, reply)


def matching_reply(key: RequestKey, stored: StoredReply) -> bytes:
    """Return the stored reply if it belongs to this request.

    Raises:
        InvalidArgumentError: REQUEST_ID_REUSED.
    """
    if stored.fingerprint != key.fingerprint:
        raise InvalidArgumentError(
            "REQUEST_ID_REUSED",
            f"request_id {key.request_id} was used before for a different request; "
            "use a new id for each new request",
            request_id=key.request_id,
        )
    return stored.reply


def sweep_not_found(sweep_id: str) -> NotFoundError:
    """Return the error SWEEP_NOT_FOUND."""
    return NotFoundError(
        "SWEEP_NOT_FOUND", f"there is no sweep '{sweep_id:.100}'", sweep_id=sweep_id[:100]
    )


def run_not_found(
    sweep_id: str, *, number: int | None = None, external_run_id: str | None = None
) -> NotFoundError:
    """Return the error RUN_NOT_FOUND."""
    if number is not None:
        text = f"sweep '{sweep_id}' has no run {number}"
        return NotFoundError("RUN_NOT_FOUND", text, sweep_id=sweep_id, number=number)
    return NotFoundError(
        "RUN_NOT_FOUND",
        f"sweep '{sweep_id}' has no run with external_run_id '{external_run_id}'",
        sweep_id=sweep_id,
        external_run_id=external_run_id,
    )

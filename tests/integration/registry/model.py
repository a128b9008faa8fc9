"""A model of a sweep: the registry's rules in their plainest form.

Tests compare the registry with this model. The model shares no code with the registry and stores
nothing that can be counted: counters and the best run are derived from the list of runs. Each rule
either raises `Rejected` before it changes anything, or changes the sweep. Leases do not run out
here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

# The rows of a report: steps, each with values by metric.
Rows = Sequence[tuple[int, Mapping[str, float]]]

ENDED_SWEEP = ("FINISHED", "FAILED", "CANCELED")
RUN_STATES = ("QUEUED", "RUNNING", "FINISHED", "PRUNED", "FAILED", "LOST", "CANCELED")


class Rejected(Exception):  # noqa: N818
    """An error that the registry must return, with its status code and reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Outcome(Enum):
    """The way in which an agent ends a run."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PRUNED = "pruned"
    CANCELED = "canceled"


class Etag(Enum):
    """Which etag a caller sends."""

    NONE = "none"
    CURRENT = "current"
    STALE = "stale"


@dataclass
class Metric:
    """Which reported value counts: the `last` value, the `best`, or `mean_last_2`."""

    name: str
    maximize: bool = False
    target: float | None = None
    value: str = "last"

    def objective_value(self, reported: Mapping[int, float]) -> float | None:
        """Return the objective value for the values reported by step, or None without any."""
        values = [reported[step] for step in sorted(reported)]
        if self.value == "last":
            values = values[-1:]
        elif self.value == "mean_last_2":
            values = values[-2:]
        else:
            values = [value for value in values if math.isfinite(value)]
            values = sorted(values, reverse=self.maximize)[:1]
        if not values or not all(map(math.isfinite, values)):
            return None
        return sum(values) / len(values)

    def met_by(self, objective: float) -> bool:
        """Return whether an objective reaches the target. Without a target every objective does."""
        if self.target is None:
            return True
        return objective >= self.target if self.maximize else objective <= self.target


# The default number of retries of lost runs.
LOST_RETRIES = 2


@dataclass
class Run:
    """A run; `reported` holds the values of this attempt by metric and step.

    `stopping` says whether a user canceled the run while it was running.
    `changed` is the time of the last change, by the clock of the sweep.
    """

    number: int
    x: float | None
    state: str = "QUEUED"
    attempt: int = 0
    agent: str = ""
    objectives: tuple[float, ...] = ()
    reported: dict[str, dict[int, float]] = field(default_factory=dict)
    failures: int = 0
    losses: int = 0
    stopping: bool = False
    changed: int = 0

    @property
    def is_held(self) -> bool:
        """Whether its agent's results count: it is running, or lost and not assigned again."""
        return bool(self.agent) and self.state in ("RUNNING", "QUEUED", "LOST")


@dataclass(frozen=True)
class Proposal:
    """A run number, the point proposed for it, and the agent that gets the run."""

    number: int
    x: float
    agent: str = "agent"


@dataclass
class Sweep:
    """A sweep. The caller advances `clock` before each rule.

    `changed` is the time of the last change of the sweep or its runs; `own_changed` is that of the
    sweep alone. `version` counts the sweep's own changes, as the etag does. `prior` holds the
    objectives of prior runs with the time of their import, and `events` the kinds of events.
    """

    cap: int | None
    metrics: tuple[Metric, ...]
    retries: int
    max_failed: int | None
    state: str = "PENDING"
    finish_reason: str = "UNSPECIFIED"
    exhausted: bool = False
    runs: list[Run] = field(default_factory=list)
    clock: int = 1
    changed: int = 1
    own_changed: int = 1
    version: int = 1
    prior: list[tuple[tuple[float, ...], int]] = field(default_factory=list)
    events: list[str] = field(default_factory=lambda: ["CREATED"])

    @property
    def ended(self) -> bool:
        """Whether no more runs are assigned, unless runs are retried."""
        return self.state in ENDED_SWEEP

    @property
    def counts(self) -> Counter[str]:
        """The number of runs by state."""
        return Counter(run.state for run in self.runs)

    @property
    def queued(self) -> list[Run]:
        """The queued runs."""
        return [run for run in self.runs if run.state == "QUEUED"]

    @property
    def finished(self) -> list[Run]:
        """The runs that finished successfully."""
        return [run for run in self.runs if run.state == "FINISHED"]

    @property
    def best(self) -> Run | None:
        """Return the finished run with the best objective; of equal runs, the earlier one."""
        if len(self.metrics) != 1:
            return None
        return min((r for r in self.finished if r.objectives), key=self._rank, default=None)

    def _rank(self, run: Run) -> tuple[float, int]:
        (objective,) = run.objectives
        return (-objective if self.metrics[0].maximize else objective, run.number)

    # Changes of the sweep itself.

    def transition(self, name: str, etag: Etag) -> None:
        """Apply Start, Pause, Resume, Finish or Cancel."""
        self._check_etag(etag)
        from_states, to_state = {
            "Start": (("PENDING",), "RUNNING"),
            "Pause": (("RUNNING",), "PAUSED"),
            "Resume": (("PAUSED",), "RUNNING"),
            "Finish": (("PENDING", "RUNNING", "PAUSED"), "FINISHED"),
            "Cancel": (("PENDING", "RUNNING", "PAUSED"), "CANCELED"),
        }[name]
        if self.state not in from_states:
            raise Rejected("FAILED_PRECONDITION", "SWEEP_STATE_CONFLICT")
        if to_state in ENDED_SWEEP:
            self._end(to_state, "REQUESTED" if to_state == "FINISHED" else "UNSPECIFIED")
        else:
            self.state = to_state
            self._own_change()
            kinds = {"Start": "STARTED", "Pause": "PAUSED", "Resume": "RESUMED"}
            self.events.append(kinds[name])
            if name == "Start":
                self._finish_if_done()

    def update_cap(self, cap: int | None, etag: Etag) -> None:
        """Apply UpdateSweep of `spec.run_cap`."""
        self._check_etag(etag)
        if cap is not None and cap < 1:
            raise Rejected("INVALID_ARGUMENT", "INVALID_SWEEP_CONFIG")
        self.cap = cap
        self._own_change()
        self.events.append("UPDATED")
        self._finish_if_done()

    def update_target(self, target: float | None, etag: Etag) -> None:
        """Apply UpdateSweep of the target of the first metric."""
        self._check_etag(etag)
        if not self.metrics:
            raise Rejected("FAILED_PRECONDITION", "NO_METRIC")
        if target is not None and not math.isfinite(target):
            raise Rejected("INVALID_ARGUMENT", "INVALID_SWEEP_CONFIG")
        self.metrics[0].target = target
        self._own_change()
        self.events.append("UPDATED")
        self._finish_if_done()

    def update_max_failed(self, most: int | None, etag: Etag) -> None:
        """Apply UpdateSweep of `spec.max_failed_runs`."""
        self._check_etag(etag)
        if most is not None and most < 1:
            raise Rejected("INVALID_ARGUMENT", "INVALID_SWEEP_CONFIG")
        self.max_failed = most
        self._own_change()
        self.events.append("UPDATED")
        self._finish_if_done()

    def import_runs(self, objectives: Sequence[tuple[float, ...]]) -> None:
        """Apply ImportRuns of valid results."""
        if self.ended:
            raise Rejected("FAILED_PRECONDITION", "SWEEP_STATE_CONFLICT")
        if objectives:
            self.prior += [(values, self.clock) for values in objectives]
            self._own_change()
            self.events.append("RUNS_IMPORTED")

    def delete(self, etag: Etag) -> None:
        """Apply DeleteSweep; the caller drops the model."""
        self._check_etag(etag)

    # Assignment of runs.

    def create_runs(self, proposals: Sequence[Proposal], etag: Etag, exhausted: bool) -> bool:
        """Apply CreateRuns with all proposals of all requests; return False for a conflict."""
        if self.state == "FINISHED" and not proposals:
            return etag is not Etag.STALE
        if self.state not in ("PENDING", "RUNNING"):
            raise Rejected("FAILED_PRECONDITION", "SWEEP_NOT_RUNNING")
        if etag is Etag.STALE or not self._fit([p.number for p in proposals]):
            return False
        if any(not self._keeps_queued_point(proposal) for proposal in proposals):
            return False
        was_pending = self.state == "PENDING"
        if was_pending:
            self.state = "RUNNING"
            self._own_change()
            self.events.append("STARTED")
        for proposal in proposals:
            if proposal.number == len(self.runs):
                self.runs.append(Run(proposal.number, proposal.x))
            run = self.runs[proposal.number]
            run.x, run.agent, run.reported = proposal.x, proposal.agent, {}
            run.attempt += 1
            self._move(run, "RUNNING")
        if exhausted and not self.exhausted:
            self.exhausted = True
            self._own_change()
            self._finish_if_done()
        elif was_pending:
            self._finish_if_done()
        return True

    def _keeps_queued_point(self, proposal: Proposal) -> bool:
        """Return whether the proposal keeps the point with which a queued run was created."""
        if proposal.number >= len(self.runs):
            return True
        return self.runs[proposal.number].x in (None, proposal.x)

    def _fit(self, numbers: Sequence[int]) -> bool:
        old = [number for number in numbers if number < len(self.runs)]
        new = [number for number in numbers if number >= len(self.runs)]
        waiting = {run.number for run in self.queued}
        if len(set(old)) < len(old) or not waiting.issuperset(old):
            return False
        if new != list(range(len(self.runs), len(self.runs) + len(new))):
            return False
        if new and waiting != set(old):
            return False
        return not new or self.cap is None or len(self.runs) + len(new) <= self.cap

    def enqueue(self, points: Sequence[float]) -> list[int]:
        """Apply EnqueueRuns and return the numbers."""
        if self.ended:
            raise Rejected("FAILED_PRECONDITION", "SWEEP_NOT_RUNNING")
        if self.cap is not None and len(self.runs) + len(points) > self.cap:
            raise Rejected("FAILED_PRECONDITION", "RUN_CAP_REACHED")
        numbers = []
        for x in points:
            run = Run(len(self.runs), x)
            self.runs.append(run)
            self._move(run, "QUEUED")
            numbers.append(run.number)
        self.events.append("RUNS_ENQUEUED")
        return numbers

    def retry(self, numbers: Sequence[int], states: Sequence[str], etag: Etag) -> list[int]:
        """Apply RetryRuns to runs by number, or to all runs in some states; return the numbers."""
        self._check_etag(etag)
        if numbers:
            unknown = sorted({number for number in numbers if number >= len(self.runs)})
            known = [self.runs[n] for n in sorted(set(numbers)) if n < len(self.runs)]
            # A finished run that lacks a value of some metric has no result to lose.
            stuck = [
                run
                for run in known
                if run.state in ("QUEUED", "RUNNING")
                or (run.state == "FINISHED" and (run.objectives or not self.metrics))
            ]
            if len(unknown) == 1 and not stuck:
                raise Rejected("NOT_FOUND", "RUN_NOT_FOUND")
            if unknown or stuck:
                raise Rejected("FAILED_PRECONDITION", "RUN_NOT_RETRYABLE")
            runs = known
        else:
            runs = [run for run in self.runs if run.state in states]
        if runs and self.ended:
            failed = self.counts["FAILED"] - sum(run.state == "FAILED" for run in runs)
            if self._target_is_met or (self.max_failed is not None and failed >= self.max_failed):
                raise Rejected("FAILED_PRECONDITION", "SWEEP_STATE_CONFLICT")
            self.state, self.finish_reason, self.exhausted = "RUNNING", "UNSPECIFIED", False
            self._own_change()
        for run in runs:
            if run.state != "LOST":
                run.agent = ""
            run.objectives, run.failures, run.losses, run.stopping = (), 0, 0, False
            self._move(run, "QUEUED")
        if runs:
            self.events.append("RUNS_RETRIED")
        return [run.number for run in runs]

    def cancel_runs(self, numbers: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
        """Apply CancelRuns; return the numbers of canceled, stopping and ended runs."""
        if any(number >= len(self.runs) for number in numbers):
            raise Rejected("NOT_FOUND", "RUN_NOT_FOUND")
        canceled: list[int] = []
        stopping: list[int] = []
        ended: list[int] = []
        has_changed = False
        for number in sorted(numbers):
            run = self.runs[number]
            if run.state == "QUEUED":
                canceled.append(number)
                self._move(run, "CANCELED")
                has_changed = True
            elif run.state == "RUNNING":
                stopping.append(number)
                if not run.stopping:
                    run.stopping = True
                    self._move(run, "RUNNING")
                    has_changed = True
            else:
                ended.append(number)
        if has_changed:
            self.events.append("RUNS_CANCELED")
        if canceled:
            self._finish_if_done()
        return canceled, stopping, ended

    # Calls of the agent that holds a run.

    def held(self, number: int, attempt: int) -> Run:
        """Return the run if this attempt counts."""
        if attempt < 1:
            raise Rejected("INVALID_ARGUMENT", "INVALID_REQUEST")
        if number >= len(self.runs):
            raise Rejected("NOT_FOUND", "RUN_NOT_FOUND")
        run = self.runs[number]
        if attempt > run.attempt:
            raise Rejected("INVALID_ARGUMENT", "INVALID_REQUEST")
        if attempt < run.attempt:
            raise Rejected("FAILED_PRECONDITION", "RUN_LEASE_LOST")
        if not run.is_held:
            raise Rejected("FAILED_PRECONDITION", "RUN_NOT_RUNNING")
        return run

    def report(self, number: int, attempt: int, rows: Rows) -> str:
        """Apply ReportMetrics and return the command."""
        run = self.held(number, attempt)
        self._report(run, rows)
        return self._command(run)

    def finish(
        self,
        number: int,
        attempt: int,
        rows: Rows,
        outcome: Outcome,
        given: Mapping[str, float],
    ) -> Run:
        """Apply FinishRun, with values not yet reported and objectives by metric name."""
        run = self.held(number, attempt)
        if outcome is Outcome.SUCCEEDED and given.keys() - {m.name for m in self.metrics}:
            raise Rejected("INVALID_ARGUMENT", "INVALID_REQUEST")
        self._report(run, rows)
        if outcome is Outcome.SUCCEEDED:
            objectives_or_none = [self._worth(run, metric, given) for metric in self.metrics]
            objectives = tuple(value for value in objectives_or_none if value is not None)
            run.objectives = objectives if len(objectives) == len(self.metrics) else ()
            self._move(run, "FINISHED")
        elif outcome is Outcome.PRUNED:
            objectives_or_none = [self._worth(run, metric, {}) for metric in self.metrics]
            objectives = tuple(value for value in objectives_or_none if value is not None)
            run.objectives = objectives if len(objectives) == len(self.metrics) else ()
            self._move(run, "PRUNED")
        elif outcome is Outcome.CANCELED:
            self._move(run, "CANCELED")
        else:
            self._fail(run)
        self._finish_if_done()
        return run

    def _worth(self, run: Run, metric: Metric, given: Mapping[str, float]) -> float | None:
        if metric.name in given:
            return given[metric.name] if math.isfinite(given[metric.name]) else None
        return metric.objective_value(run.reported.get(metric.name, {}))

    def release(self, number: int, attempt: int) -> Run:
        """Apply ReleaseRun."""
        run = self.held(number, attempt)
        if run.state == "LOST":
            raise Rejected("FAILED_PRECONDITION", "RUN_NOT_RUNNING")
        if self.ended or run.stopping:
            self._move(run, "CANCELED")
            self._finish_if_done()
        else:
            run.agent = ""
            self._move(run, "QUEUED")
        return run

    def heartbeat(self, number: int, attempt: int) -> str:
        """Return Heartbeat's command for one lease; a lost run that is still queued goes back."""
        try:
            run = self.held(number, attempt)
        except Rejected:
            return "ABANDON"
        if self._may_take_back(run):
            self._move(run, "RUNNING")
        return self._command(run)

    def resume(self, agent: str, count: int) -> list[Run]:
        """Apply ResumeRuns: return the runs that the agent holds or gets back."""
        mine = [
            run
            for run in self.runs
            if run.agent == agent and (run.state == "RUNNING" or self._may_take_back(run))
        ][:count]
        for run in mine:
            self._move(run, "RUNNING")
        return mine

    def lose(self, numbers: Sequence[int]) -> None:
        """Let the leases of some running runs expire."""
        for number in sorted(numbers):
            run = self.runs[number]
            if run.stopping:
                self._move(run, "CANCELED")
            elif not self.ended and run.losses < LOST_RETRIES:
                run.losses += 1
                self._move(run, "QUEUED")
            else:
                self._move(run, "LOST")
        self._finish_if_done()

    def _may_take_back(self, run: Run) -> bool:
        return self.state == "RUNNING" and run.state == "QUEUED" and run.is_held

    # Consequences of the changes.

    def _check_etag(self, etag: Etag) -> None:
        if etag is Etag.STALE:
            raise Rejected("ABORTED", "ETAG_MISMATCH")

    def _command(self, run: Run) -> str:
        return "STOP" if run.stopping or self.state == "CANCELED" else "CONTINUE"

    def _report(self, run: Run, rows: Rows) -> None:
        for step, values in rows:
            for name, value in values.items():
                run.reported.setdefault(name, {})[step] = value
            self._move(run, run.state)

    def _fail(self, run: Run) -> None:
        if not self.ended and not run.stopping and run.failures < self.retries:
            run.failures += 1
            run.agent = ""
            self._move(run, "QUEUED")
        else:
            self._move(run, "FAILED")

    def _move(self, run: Run, state: str) -> None:
        run.state = state
        run.changed = self.changed = self.clock

    def _own_change(self) -> None:
        self.own_changed = self.changed = self.clock
        self.version += 1

    def _end(self, state: str, reason: str) -> None:
        self.state, self.finish_reason = state, reason
        for run in self.queued:
            self._move(run, "CANCELED")
        self._own_change()
        self.events.append(state)

    @property
    def _target_is_met(self) -> bool:
        return any(metric.target is not None for metric in self.metrics) and any(
            all(m.met_by(o) for m, o in zip(self.metrics, run.objectives, strict=True))
            for run in self.finished
            if run.objectives
        )

    def _finish_if_done(self) -> None:
        if self.state not in ("RUNNING", "PAUSED"):
            return
        counts = self.counts
        if self._target_is_met:
            self._end("FINISHED", "TARGET_REACHED")
        elif self.max_failed is not None and counts["FAILED"] >= self.max_failed:
            self._end("FAILED", "UNSPECIFIED")
        elif counts["QUEUED"] or counts["RUNNING"]:
            return
        elif self.exhausted:
            self._end("FINISHED", "SPACE_EXHAUSTED")
        elif self.cap is not None and len(self.runs) >= self.cap:
            self._end("FINISHED", "RUN_CAP")

"""Facts that follow directly from a history: runs as seen, assignments, writes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.robustness.history import FinalState, History, Try
from tests.robustness.sweep_states import FINISHED
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2

# A run's number and attempt.
Attempt = tuple[int, int]

# Calls of an agent on a run that it holds.
RUN_METHODS = ("ReportMetrics", "FinishRun", "ReleaseRun")

# Changes of the sweep itself; the answer is the sweep right after the change.
SWEEP_METHODS = ("PauseSweep", "ResumeSweep", "CancelSweep", "FinishSweep", "UpdateSweep")


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run as a caller saw it."""

    run: run_pb2.Run
    source: str

    @property
    def order(self) -> int:
        """The revision of the run."""
        return self.run.revision

    def __str__(self) -> str:
        return f"{self.source}: {' '.join(str(self.run).split())}"


@dataclass(frozen=True, slots=True)
class Write:
    """A request about an attempt: everything that was sent under one request id."""

    key: str
    tries: Sequence[Try]

    @property
    def method(self) -> str:
        return self.tries[0].method

    @property
    def request(self) -> Any:
        return self.tries[0].request

    @property
    def attempt(self) -> Attempt:
        return self.request.number, self.request.attempt

    @property
    def answer(self) -> Any:
        """The answer, or None if no sending got one."""
        return next((one.answer for one in self.tries if one.is_answered), None)

    @property
    def is_refused(self) -> bool:
        """Whether the request was not carried out, for certain."""
        return all(one.is_refused for one in self.tries)

    @property
    def start(self) -> float:
        """When the request was first sent."""
        return min(one.start for one in self.tries)

    @property
    def end(self) -> float:
        """When the request's effect was certainly over: at the first answer."""
        answered = [one.returned for one in self.tries if one.is_answered]
        return min(answered, default=math.inf)

    def __str__(self) -> str:
        return "\n".join(str(one) for one in self.tries)


class Facts:
    """A history and the facts that follow from it."""

    def __init__(self, history: History) -> None:
        self.history = history

    @property
    def final(self) -> FinalState:
        """The final state."""
        return self.history.end_state

    @cached_property
    def final_runs(self) -> Mapping[int, run_pb2.Run]:
        """The final runs by number."""
        return {run.number: run for run in self.final.runs}

    @cached_property
    def writes(self) -> Sequence[Write]:
        """The requests of agents about attempts."""
        return [
            Write(key, tries)
            for key, tries in self.history.requests.items()
            if tries[0].method in RUN_METHODS
        ]

    @cached_property
    def writes_of(self) -> Mapping[Attempt, Sequence[Write]]:
        """The requests about attempts, by attempt."""
        found: defaultdict[Attempt, list[Write]] = defaultdict(list)
        for write in self.writes:
            found[write.attempt].append(write)
        return found

    @cached_property
    def suggests(self) -> Mapping[str, Sequence[Try]]:
        """The sendings of Suggest by request id."""
        return {
            key: tries
            for key, tries in self.history.requests.items()
            if tries[0].method == "Suggest"
        }

    @cached_property
    def resuming(self) -> frozenset[str]:
        """Agents that may have resumed runs that they held before."""
        requests: list[Any] = [tries[0].request for tries in self.suggests.values()]
        return frozenset(request.agent_id for request in requests if request.resume)

    @cached_property
    def with_heartbeat(self) -> frozenset[Attempt]:
        """Attempts whose agents sent a heartbeat."""
        requests: list[Any] = [one.request for one in self.history.of("Heartbeat")]
        return frozenset(
            (lease.number, lease.attempt) for request in requests for lease in request.leases
        )

    @cached_property
    def assigned(self) -> Sequence[tuple[Try, run_pb2.Run]]:
        """Runs in the answers to Suggests, once a request."""
        found = []
        for tries in self.suggests.values():
            for one in tries:
                if one.is_answered:
                    found += [(one, run) for run in _answer(one).runs]
                    break
        return found

    @cached_property
    def seen(self) -> Sequence[RunSeen]:
        """Every run in every answer and watch."""
        found = []
        for one in self.history.tries:
            if one.is_answered:
                source = f"{one.start:.3f} {one.method} {one.key}"
                found += [RunSeen(run, source) for run in _runs_in(one)]
        for seen in self.history.seen:
            if seen.run is not None:
                source = f"{seen.at:.3f} watcher {seen.watcher}, stream {seen.stream}"
                found.append(RunSeen(seen.run, source))
        found += [RunSeen(run, "final state") for run in self.final.runs]
        return found

    @cached_property
    def sightings(self) -> Mapping[int, Sequence[RunSeen]]:
        """For each run its states as they were seen, one a revision, by ascending revision."""
        by_number: defaultdict[int, dict[int, RunSeen]] = defaultdict(dict)
        for seen in self.seen:
            by_number[seen.run.number].setdefault(seen.order, seen)
        return {
            number: [by_revision[revision] for revision in sorted(by_revision)]
            for number, by_revision in by_number.items()
        }

    @cached_property
    def own_changes(self) -> Mapping[int, int]:
        """The sweep's state by the revisions of its own changes, as far as they are known."""
        found = {}
        for one in self.history.of(*SWEEP_METHODS):
            if one.is_answered:
                sweep = _answer(one).sweep
                found[sweep.revision] = sweep.state
        for seen in self.history.seen:
            if seen.sweep is not None:
                found[seen.revision] = seen.sweep.state
        return dict(sorted(found.items()))

    def retries_of(self, number: int) -> int:
        """Return how often a user may have retried the run."""
        found = 0
        for tries in self.history.requests.values():
            if tries[0].method != "RetryRuns" or all(one.is_refused for one in tries):
                continue
            request: Any = tries[0].request
            answer: Any = next((one.answer for one in tries if one.is_answered), None)
            if answer is not None:
                found += number in answer.numbers
            else:
                found += bool(request.states) or number in request.numbers
        return found

    def may_be_canceled(self, number: int) -> bool:
        """Return whether a user may have canceled the run."""
        for tries in self.history.requests.values():
            if tries[0].method == "CancelRuns" and not all(one.is_refused for one in tries):
                request: Any = tries[0].request
                if number in request.numbers:
                    return True
        return False

    def may_be_retried(self, run: run_pb2.Run) -> bool:
        """Return whether a user may have retried the run, given how it ended.

        A run that finished with all objectives is never retried, nor is one in a sweep without a
        metric.
        """
        if run.state == FINISHED and (has_objectives(run) or not self.final.sweep.spec.metrics):
            return False
        return self.retries_of(run.number) > 0

    def may_give_back(self, attempt: Attempt) -> bool:
        """Return whether its agent may have ended the attempt so that the run was queued again."""
        return any(
            not write.is_refused
            and (write.method == "ReleaseRun" or _may_fail(write.request, write.method))
            for write in self.writes_of.get(attempt, ())
        )


def _may_fail(request: Any, method: str) -> bool:
    """Return whether the agent may have reported a failure."""
    return method == "FinishRun" and request.WhichOneof("outcome") == "failed"


def _answer(one: Try) -> Any:
    return one.answer


def _runs_in(one: Try) -> Iterator[run_pb2.Run]:
    answer = _answer(one)
    match one.method:
        case "Suggest" | "EnqueueRuns" | "ListRuns" | "GetBestRuns":
            yield from answer.runs
        case "FinishRun" | "ReleaseRun" | "UpdateRun":
            yield answer.run


def has_objectives(run: run_pb2.Run) -> bool:
    """Return whether the run has its objectives."""
    return run.HasField("objective") or bool(run.objectives)


def same(left: float, right: float) -> bool:
    """Return whether the values are equal, where NaN equals itself."""
    return left == right or (math.isnan(left) and math.isnan(right))


def without_lease(run: run_pb2.Run) -> run_pb2.Run:
    """Return the run without what a heartbeat changes, and what only some answers have."""
    copy = run_pb2.Run()
    copy.CopyFrom(run)
    copy.ClearField("lease_expire_time")
    copy.ClearField("metric_values")
    return copy


__all__ = ["Attempt", "Facts", "RunSeen", "Write", "has_objectives", "pb", "same", "without_lease"]

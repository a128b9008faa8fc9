"""The model of one sweep, kept current by the registry's changes."""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_common.search_space.limits import MAX_ANSWER_BYTES, bytes_of
from wanllmdb_suggestion.optimizer.enqueued_points import EnqueuedPoints
from wanllmdb_suggestion.optimizer.imputation import Imputation, imputes
from wanllmdb_suggestion.optimizer.pruners.make_stop_rule import make_stop_rule
from wanllmdb_suggestion.optimizer.samplers.make_sampler import counts_pruned_runs, make_sampler
from wanllmdb_suggestion.optimizer.samplers.sampler import (
    ConstraintsNotMetError,
    Sampler,
    UnfinishedSearchError,
)
from wanllmdb_suggestion.optimizer.terminators.terminator import make_termination
from wanllmdb_suggestion.optimizer.types import (
    Changes,
    Exhausted,
    Parameters,
    PriorRecord,
    RunRecord,
    RunState,
    StudySpec,
    SweepState,
    SweepStatus,
)


class RunQueue:
    """The numbers of queued runs, ascending: the oldest run is assigned first."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def put(self, number: int, *, queued: bool) -> None:
        """Record whether a run is queued."""
        at = bisect_left(self._numbers, number)
        present = at < len(self._numbers) and self._numbers[at] == number
        if queued and not present:
            insort(self._numbers, number)
        elif present and not queued:
            del self._numbers[at]

    def numbers(self) -> list[int]:
        """Return a copy of the numbers."""
        return list(self._numbers)


# The most proposals that one CreateRuns may carry.
MAX_PROPOSALS = 1_000
# Seconds after which an ask gets the runs that were found so far.
ASK_SECONDS = 10.0


class StaleModelError(Exception):
    """The sweep's spec changed in a way that requires a new model, built from all its runs."""


class Ask(Protocol):
    """A caller that waits for runs."""

    @property
    def count(self) -> int:
        """How many runs the caller wants, at least 1."""

    @property
    def is_waiting(self) -> bool:
        """Whether the caller still waits."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A run's number, its complete parameters, and the state of the sampler for the run."""

    number: int
    parameters: Parameters
    sampler_state: bytes = b""

    @property
    def size(self) -> int:
        """The approximate size of the proposal in a message, in bytes."""
        return bytes_of(self.parameters) + len(self.sampler_state)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The proposals for one ask.

    Attributes:
        proposals: The proposed runs.
        shortage: Why there are fewer proposals than the ask wanted, and no more for now.
        was_cut: Whether there are fewer proposals because more would not fit into one
            response or would take too long. The next ask gets further ones.
    """

    proposals: Sequence[Proposal]
    shortage: Exhausted | None
    was_cut: bool = False


@dataclass(slots=True)
class Round:
    """The suggestions for several asks, by the index of the ask.

    An ask without an entry was not reached and must be asked again. The numbers of new runs
    ascend without gaps over `suggestions`.

    Attributes:
        suggestions: By the index of the ask.
        space_exhausted: Whether no new point of the space is left.
        is_searching: Whether a search for the next point was interrupted, which the next
            call continues. Only if no ask was answered.
    """

    suggestions: dict[int, Suggestions] = field(default_factory=dict)
    space_exhausted: bool = False
    is_searching: bool = False


class SweepModel:
    """The runs of a sweep, and the algorithms that propose, stop and finish.

    Every answer follows from the spec and the latest record of each run, so a rebuilt model
    gives the same answers. Not thread-safe: one thread at a time.

    Attributes:
        spec: The search space and the algorithms.
        revision: The registry's revision up to which the model is complete.
        status: The state of the sweep at that revision.
        etag: The sweep's etag, by which the registry detects whether the sweep itself changed.
        end_message: Why the sweep ended, in a sentence.
        runs: The latest record of each run, by number.
        running: How many runs are RUNNING.
        prior_runs: Imported results, by index.
        enqueued: Adds the parent parameters that a partly given point needs.
        stop_rule: The rule of early termination, if the sweep has one.
        termination: The terminator, if the sweep has one.
    """

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec
        self.revision = 0
        self.status = SweepStatus()
        self.etag = ""
        self.enqueued = EnqueuedPoints(spec.space, spec.seed)
        self.end_message = ""
        self.runs: dict[int, RunRecord] = {}
        self.running = 0
        self.prior_runs: dict[int, PriorRecord] = {}
        self.stop_rule = make_stop_rule(spec)
        self.termination = make_termination(spec)
        self._imputation = (
            Imputation(spec.metrics, counts_pruned=counts_pruned_runs(spec.sampler))
            if imputes(spec.metrics)
            else None
        )
        self._queue = RunQueue()
        # Made on first use, and again when prior runs arrive: a sampler gets prior runs
        # before all runs.
        self._sampler: Sampler | None = None

    @property
    def shortage(self) -> Exhausted | None:
        """Why the sweep gets no more new runs; None while it may get some."""
        if isinstance(self.closed, Exhausted):
            return self.closed
        run_cap = self.spec.run_cap
        if run_cap is not None and self.status.next_number >= run_cap:
            return Exhausted.RUN_CAP
        return Exhausted.SPACE_EXHAUSTED if self.status.space_exhausted else None

    @property
    def size(self) -> int:
        """The size of the model in runs; twenty values of the metric count as one run."""
        points = self.stop_rule.points if self.stop_rule else 0
        points += self._imputation.points if self._imputation else 0
        return len(self.runs) + len(self.prior_runs) + points // 20

    def apply(self, changes: Changes) -> None:
        """Apply changes of the registry; applying the same changes twice is harmless.

        Raises:
            StaleModelError: the change of the spec requires a new model.
        """
        if changes.spec is not None:
            if not changes.spec.models_as(self.spec):
                raise StaleModelError
            self.spec = changes.spec
            self.etag = changes.etag
            self.end_message = changes.end_message
        for record in changes.runs:
            self._take(record)
        for prior in changes.prior_runs:
            if prior.index not in self.prior_runs:
                self.prior_runs[prior.index] = prior
                self._sampler = None
        if self.stop_rule is not None:
            for point in changes.points:
                self.stop_rule.add(point)
        if self._imputation is not None:
            for point in changes.points:
                self._imputation.add(point)
            if self._sampler is not None:
                for number in {point.number for point in changes.points} & self.runs.keys():
                    self._sampler.observe(self._seen(self.runs[number]))
            for record in changes.runs:
                self._imputation.settle(record)
        self.status = changes.status
        self.revision = changes.revision

    def record_assigned(self, records: Sequence[RunRecord], planned_for: str, etag: str) -> None:
        """Record runs that were assigned from this model, before a sync returns them.

        Args:
            records: The runs, as they were assigned.
            planned_for: The sweep's etag for which the runs were proposed.
            etag: The sweep's etag after the assignment.
        """
        for record in records:
            known = self.runs.get(record.number)
            # A sync may have been faster and may know the result of the run.
            if known is None or known.attempt < record.attempt:
                self._take(record)
        following = max((record.number + 1 for record in records), default=0)
        if following > self.status.next_number:
            self.status = replace(self.status, next_number=following)
        # A sync may have been faster here too. No later sync would return its etag again, so every
        # proposal would conflict.
        if self.etag == planned_for:
            self.etag = etag

    @property
    def needs_points(self) -> bool:
        """Whether the model needs the values of the metric that runs report."""
        return self.stop_rule is not None or Imputation.needs_points(self.spec.metrics)

    @property
    def can_run_ahead(self) -> bool:
        """Whether proposals need no sync first, because they do not depend on results.

        The registry checks everything else that proposals depend on when it creates the runs.
        """
        return (
            self.revision > 0
            and self.closed is None
            and self.termination is None
            and self._sampler is not None
            and not self._sampler.learns_from_results
        )

    @property
    def closed(self) -> Exhausted | SweepState | None:
        """Why the sweep assigns no runs at all; None while it may assign some.

        An `Exhausted` means that the sweep is complete; a state means that a user or an error
        stopped the sweep.
        """
        match self.status.state:
            case SweepState.PENDING | SweepState.RUNNING:
                return None
            case SweepState.FINISHED if self.status.finished_by is not None:
                return self.status.finished_by
            case state:
                return state

    def propose(
        self,
        asks: Sequence[Ask],
        *,
        seconds: float,
        ask_seconds: float = ASK_SECONDS,
        limit: int = MAX_PROPOSALS,
        limit_bytes: int = MAX_ANSWER_BYTES,
    ) -> Round:
        """Propose runs for the asks, in order: queued runs first, then new runs.

        Each proposal counts as a running run for the proposals after it. The call leaves the
        model unchanged.

        Args:
            asks: The callers that wait.
            seconds: After this time no further ask is begun; the first one always is.
            ask_seconds: After this time an ask gets the runs that were found, at least one.
            limit: The most proposals; no ask is larger.
            limit_bytes: The most bytes of proposals; an ask that exceeds them alone gets the
                proposals that fit, at least one.

        Raises:
            ConstraintsNotMetError, NoPointFoundError: no point was found that meets the
                constraints.
            CallersGoneError: no caller waits any more.
            ValueError: this service has no sampler of the spec's name.
        """
        round_ = Round()
        builder = _RoundBuilder(self, limit_bytes, ask_seconds)
        start = time.perf_counter()
        taken = 0
        try:
            for index, ask in enumerate(asks):
                if not ask.is_waiting:
                    continue
                if taken and taken + ask.count > limit:
                    break
                if round_.suggestions and (
                    time.perf_counter() - start > seconds or builder.bytes_left <= 0
                ):
                    break
                suggestions = builder.answer(ask.count, is_first=not round_.suggestions)
                if suggestions is None:
                    round_.is_searching = not round_.suggestions
                    break
                round_.suggestions[index] = suggestions
                taken += len(suggestions.proposals)
            round_.space_exhausted = not round_.is_searching and self.sampler.is_exhausted
        finally:
            self.sampler.forget_expected()
        return round_

    def _take(self, record: RunRecord) -> None:
        before = self.runs.get(record.number)
        self.running += record.state is RunState.RUNNING
        self.running -= before is not None and before.state is RunState.RUNNING
        self.runs[record.number] = record
        self._queue.put(record.number, queued=record.state is RunState.QUEUED)
        if self._sampler is not None:
            self._sampler.observe(self._seen(record))
        if self.stop_rule is not None:
            self.stop_rule.observe(record)
        if self.termination is not None:
            self.termination.observe(record)

    def _seen(self, record: RunRecord) -> RunRecord:
        """Return the record as the sampler gets it."""
        return record if self._imputation is None else self._imputation.seen(record)

    def queued(self) -> list[int]:
        """Return the numbers of queued runs, ascending."""
        return self._queue.numbers()

    @property
    def sampler(self) -> Sampler:
        """The sampler of the spec, with every run observed.

        Raises:
            ValueError: this service has no sampler of that name.
        """
        if self._sampler is None:
            priors = [self.prior_runs[index] for index in sorted(self.prior_runs)]
            sampler = make_sampler(self.spec, priors)
            sampler.observe_all([self._seen(self.runs[number]) for number in sorted(self.runs)])
            self._sampler = sampler
        return self._sampler


class _RoundBuilder:
    """Draws the numbers and parameters of one round."""

    def __init__(self, model: SweepModel, limit_bytes: int, ask_seconds: float) -> None:
        self._model = model
        self._sampler = model.sampler
        self._queued = iter(model.queued())
        self._next = model.status.next_number
        self.bytes_left = limit_bytes
        self._ask_seconds = ask_seconds

    def answer(self, count: int, *, is_first: bool) -> Suggestions | None:
        """Return the suggestions for an ask of `count` runs.

        None if the ask gets nothing in this round: the search for its first run is unfinished,
        or the ask is not the first one and its first run does not fit.
        """
        proposals: list[Proposal] = []
        start = time.perf_counter()
        while len(proposals) < count:
            check_cancelled()
            if proposals and time.perf_counter() - start > self._ask_seconds:
                return Suggestions(proposals, None, was_cut=True)
            try:
                proposal = self._from_queue() or self._new()
            except UnfinishedSearchError:
                return Suggestions(proposals, None, was_cut=True) if proposals else None
            except (ConstraintsNotMetError, NoPointFoundError):
                # Runs that were found before are assigned first.
                if not proposals and is_first:
                    raise
                return Suggestions(proposals, None, was_cut=True) if proposals else None
            if isinstance(proposal, Exhausted):
                return Suggestions(proposals, proposal)
            self.bytes_left -= proposal.size
            if self.bytes_left < 0 and (proposals or not is_first):
                # The next ask gets this proposal.
                return Suggestions(proposals, None, was_cut=True) if proposals else None
            self._sampler.expect(proposal.number, proposal.parameters)
            proposals.append(proposal)
        return Suggestions(proposals, None)

    def _from_queue(self) -> Proposal | None:
        number = next(self._queued, None)
        if number is None:
            return None
        known = dict(self._model.runs[number].parameters)
        given = self._model.enqueued.with_parents(number, known)
        return self._proposal(number, self._sampler.complete(number, given))

    def _new(self) -> Proposal | Exhausted:
        run_cap = self._model.spec.run_cap
        if run_cap is not None and self._next >= run_cap:
            return Exhausted.RUN_CAP
        if self._model.status.space_exhausted:
            return Exhausted.SPACE_EXHAUSTED
        parameters = self._sampler.propose(self._next)
        if parameters is None:
            return Exhausted.SPACE_EXHAUSTED
        self._next += 1
        return self._proposal(self._next - 1, parameters)

    def _proposal(self, number: int, parameters: Parameters) -> Proposal:
        return Proposal(number, parameters, self._sampler.state(number, parameters))

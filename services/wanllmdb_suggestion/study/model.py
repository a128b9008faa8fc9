"""The model of one sweep, kept current by the registry's changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from wanllmdb_common.computing.cancellation import check_cancelled
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_common.search_space.limits import MAX_ANSWER_BYTES, bytes_of
from wanllmdb_suggestion.study.imputation import Imputation, imputes
from wanllmdb_suggestion.study.make_sampler import counts_pruned_runs, make_sampler
from wanllmdb_suggestion.study.pruning.stop_rule import make_stop_rule
from wanllmdb_suggestion.study.queue import RunQueue
from wanllmdb_suggestion.study.records import (
    Changes,
    Exhausted,
    Parameters,
    PriorRecord,
    RunRecord,
    RunState,
    Standing,
    StudySpec,
    SweepState,
)
from wanllmdb_suggestion.study.sampler import ConstraintsNotMetError, Sampler, UnfinishedSearchError
from wanllmdb_suggestion.study.termination.termination import make_termination
from wanllmdb_suggestion.study.wished_points import WishedPoints

# The most proposals that one CreateRuns may carry.
MAX_PROPOSALS = 1_000
# Seconds after which a demand gets the runs at hand.
DEMAND_SECONDS = 10.0


class StaleModelError(Exception):
    """The sweep's spec changed such that a new model must be built from all its runs."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one waiting Suggest wants: `count` runs, as long as `is_wanted` says True."""

    count: int
    is_wanted: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Proposal:
    """A run's number, its complete parameters, and what the sampler keeps beside them."""

    number: int
    parameters: Parameters
    sampler_state: bytes = b""

    @property
    def size(self) -> int:
        """About how many bytes it takes in a message."""
        return bytes_of(self.parameters) + len(self.sampler_state)


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one demand gets.

    Attributes:
        proposals: The runs.
        shortage: Why they are fewer than it wanted, and no more will come for now.
        was_cut: Whether they are fewer because more did not fit into one answer, or
            would have taken too long: the next demand gets further ones.
    """

    proposals: Sequence[Proposal]
    shortage: Exhausted | None
    was_cut: bool = False


@dataclass(slots=True)
class Batch:
    """The answers to several demands, by their place in the request.

    Demands that are in neither list were not got to; they are to be asked
    again. Numbers of new runs ascend without gaps over `allotments`.

    Attributes:
        is_searching: Whether a search for the next point was interrupted: the next call
            goes on with it. Only where no demand was met.
    """

    allotments: dict[int, Allotment] = field(default_factory=dict)
    unwanted: list[int] = field(default_factory=list)
    space_exhausted: bool = False
    is_searching: bool = False


class SweepModel:
    """What is known of a sweep, and what to try next.

    Everything that it answers follows from the spec and the latest record of
    each run, so a model that was built anew gives the same answers. Not
    thread-safe: one thread at a time.

    Attributes:
        spec: What is searched and how.
        revision: The registry's revision up to which the model is complete.
        standing: Where the sweep stood then.
        etag: What the registry compares to tell whether the sweep itself changed since.
        end_message: Why the sweep ended, in a sentence.
        runs: The latest record of each run, by number.
        running: How many of them run.
        prior_runs: Results of elsewhere, by place.
        wished: What else a run needs whose parameters are given in part.
        stop_rule: Which runs stop early, for sweeps with early termination.
        termination: Whether to go on, for sweeps with a terminator.
    """

    def __init__(self, spec: StudySpec) -> None:
        self.spec = spec
        self.revision = 0
        self.standing = Standing()
        self.etag = ""
        self.wished = WishedPoints(spec.space, spec.seed)
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
        # Made when it is first needed, and anew when prior runs come: it knows these
        # before all runs.
        self._sampler: Sampler | None = None

    @property
    def shortage(self) -> Exhausted | None:
        """Why no more new runs come; None while some may."""
        if isinstance(self.closed, Exhausted):
            return self.closed
        run_cap = self.spec.run_cap
        if run_cap is not None and self.standing.next_number >= run_cap:
            return Exhausted.RUN_CAP
        return Exhausted.SPACE_EXHAUSTED if self.standing.space_exhausted else None

    @property
    def size(self) -> int:
        """How much it holds, in runs; twenty values of the metric weigh as much as a run."""
        points = self.stop_rule.points if self.stop_rule else 0
        points += self._imputation.points if self._imputation else 0
        return len(self.runs) + len(self.prior_runs) + points // 20

    def apply(self, changes: Changes) -> None:
        """Takes what changed; applying something twice does no harm.

        Raises:
            StaleModelError: this model can't follow the change of the spec.
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
        self.standing = changes.standing
        self.revision = changes.revision

    def hand_out(self, records: Sequence[RunRecord], etag: str) -> None:
        """Takes runs that were handed out from this model, before a sync tells of them.

        Args:
            records: The runs, as they were handed out.
            etag: The sweep's after that.
        """
        for record in records:
            known = self.runs.get(record.number)
            # A sync may have been faster and know what came of the run.
            if known is None or known.attempt < record.attempt:
                self._take(record)
        following = max((record.number + 1 for record in records), default=0)
        if following > self.standing.next_number:
            self.standing = replace(self.standing, next_number=following)
        self.etag = etag

    @property
    def needs_points(self) -> bool:
        """Whether it is to get the values of the metric that runs report."""
        return self.stop_rule is not None or Imputation.needs_points(self.spec.metrics)

    @property
    def can_run_ahead(self) -> bool:
        """Whether its answers hold without a sync before: they do not depend on results.

        All else that they depend on the registry checks when it takes them.
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
        """Why the sweep as a whole hands out nothing; None while it may.

        An `Exhausted` means that it came to its end, a state that somebody
        or something stopped it.
        """
        match self.standing.state:
            case SweepState.PENDING | SweepState.RUNNING:
                return None
            case SweepState.FINISHED if self.standing.finished_by is not None:
                return self.standing.finished_by
            case state:
                return state

    def propose(
        self,
        demands: Sequence[Demand],
        *,
        seconds: float,
        demand_seconds: float = DEMAND_SECONDS,
        limit: int = MAX_PROPOSALS,
        limit_bytes: int = MAX_ANSWER_BYTES,
    ) -> Batch:
        """Proposes runs for the demands, in order: queued runs first, then new ones.

        Each proposal counts as a running run for those after it; after the call
        the model is as before.

        Args:
            demands: After `seconds` of work no further one is begun, though always the
                first.
            seconds: See above.
            demand_seconds: After so many a demand gets what there is, one run at least.
            limit: At most so many proposals; no demand is larger.
            limit_bytes: At most so many bytes of proposals; a demand that alone has more
                gets those that fit, one run at least.

        Raises:
            ConstraintsNotMetError, NoPointFoundError: no point was found that meets the
                constraints.
            CallersGoneError: none of the demands is wanted any more.
            ValueError: the spec's sampler is not one that this service knows.
        """
        batch = Batch()
        draft = _Draft(self, limit_bytes, demand_seconds)
        start = time.perf_counter()
        taken = 0
        try:
            for place, demand in enumerate(demands):
                if not demand.is_wanted():
                    batch.unwanted.append(place)
                    continue
                if taken and taken + demand.count > limit:
                    break
                if batch.allotments and (
                    time.perf_counter() - start > seconds or draft.bytes_left <= 0
                ):
                    break
                allotment = draft.meet(demand.count, is_first=not batch.allotments)
                if allotment is None:
                    batch.is_searching = not batch.allotments
                    break
                batch.allotments[place] = allotment
                taken += len(allotment.proposals)
            batch.space_exhausted = not batch.is_searching and self.sampler.is_exhausted
        finally:
            self.sampler.forget_expected()
        return batch

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
        """The record as the sampler gets it."""
        return record if self._imputation is None else self._imputation.seen(record)

    def queued(self) -> list[int]:
        """The numbers of queued runs, ascending."""
        return self._queue.numbers()

    @property
    def sampler(self) -> Sampler:
        """What chooses parameters; it knows every run.

        Raises:
            ValueError: the spec's is not one that this service knows.
        """
        if self._sampler is None:
            priors = [self.prior_runs[index] for index in sorted(self.prior_runs)]
            sampler = make_sampler(self.spec, priors)
            for number in sorted(self.runs):
                sampler.observe(self._seen(self.runs[number]))
            self._sampler = sampler
        return self._sampler


class _Draft:
    """Hands out numbers and parameters for one batch."""

    def __init__(self, model: SweepModel, limit_bytes: int, demand_seconds: float) -> None:
        self._model = model
        self._sampler = model.sampler
        self._queued = iter(model.queued())
        self._next = model.standing.next_number
        self.bytes_left = limit_bytes
        self._demand_seconds = demand_seconds

    def meet(self, count: int, *, is_first: bool) -> Allotment | None:
        """What a demand for `count` runs gets.

        None where it gets nothing now: the search for the first run is not at its end,
        or, unless it is the first demand, its first run does not fit.
        """
        proposals: list[Proposal] = []
        start = time.perf_counter()
        while len(proposals) < count:
            check_cancelled()
            if proposals and time.perf_counter() - start > self._demand_seconds:
                return Allotment(proposals, None, was_cut=True)
            try:
                proposal = self._from_queue() or self._new()
            except UnfinishedSearchError:
                return Allotment(proposals, None, was_cut=True) if proposals else None
            except (ConstraintsNotMetError, NoPointFoundError):
                # Those that were found before are handed out first.
                if not proposals and is_first:
                    raise
                return Allotment(proposals, None, was_cut=True) if proposals else None
            if isinstance(proposal, Exhausted):
                return Allotment(proposals, proposal)
            self.bytes_left -= proposal.size
            if self.bytes_left < 0 and (proposals or not is_first):
                # It is proposed again, to the next demand.
                return Allotment(proposals, None, was_cut=True) if proposals else None
            self._sampler.expect(proposal.number, proposal.parameters)
            proposals.append(proposal)
        return Allotment(proposals, None)

    def _from_queue(self) -> Proposal | None:
        number = next(self._queued, None)
        if number is None:
            return None
        given = self._model.wished.with_parents(number, self._model.runs[number].parameters)
        return self._proposal(number, self._sampler.complete(number, given))

    def _new(self) -> Proposal | Exhausted:
        run_cap = self._model.spec.run_cap
        if run_cap is not None and self._next >= run_cap:
            return Exhausted.RUN_CAP
        if self._model.standing.space_exhausted:
            return Exhausted.SPACE_EXHAUSTED
        parameters = self._sampler.propose(self._next)
        if parameters is None:
            return Exhausted.SPACE_EXHAUSTED
        self._next += 1
        return self._proposal(self._next - 1, parameters)

    def _proposal(self, number: int, parameters: Parameters) -> Proposal:
        return Proposal(number, parameters, self._sampler.state(number, parameters))

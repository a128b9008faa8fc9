"""`CreateRuns` assigns runs to agents: it stores the proposals of the suggestion service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wanllmdb_common.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    invalid_request,
)
from wanllmdb_common.search_space.limits import MAX_ANSWER_BYTES
from wanllmdb_registry.domain.bounds import (
    MAX_TOGETHER_BYTES,
    size_of_labels,
    size_of_values,
)
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.model import Parameters, Run, RunState, Sweep, SweepState
from wanllmdb_registry.domain.run_cap import allows_run
from wanllmdb_registry.domain.sweep_events import NO_REQUESTER, Requester
from wanllmdb_registry.domain.sweep_lifecycle import finish_if_done, start
from wanllmdb_registry.domain.unit_of_work import (
    LoadPlan,
    RequestKey,
    StoredReply,
    UnitOfWork,
    matching_reply,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Parameters of a run to assign, under a queued run's number or the sweep's next one."""

    number: int
    parameters: Parameters
    sampler_state: bytes = b""


@dataclass(frozen=True, slots=True)
class RunsForAgent:
    """One waiting Suggest and the proposals for it; without a key its answer is not stored."""

    key: RequestKey | None
    agent_id: str
    proposals: Sequence[Proposal]


@dataclass(frozen=True, slots=True)
class CreatedRuns:
    """The answer to one Suggest: its encoded runs, new or stored; None in a conflict."""

    reply: bytes | None
    answered_before: bool = False
    request_id_reused: bool = False


@dataclass(frozen=True)
class CreateRuns(Command):
    """Assigns runs to the agents of many Suggests: all of the runs, or none in a conflict.

    Attributes:
        requests: The Suggests with their proposals.
        space_exhausted: Whether the proposer has no points left.
        etag: The sweep's version that the proposals were made for; empty for any.
        encode_runs: Encodes the answer to one Suggest, the sweep's new attempts, which is stored
            under its request id.
        encode: Encodes the answers to all Suggests, and the etag; None for it in a conflict.
        size: Bytes of the proposed parameters.
        earlier_answers_only: Whether every request without a stored answer is in conflict.
        requester: Who asked for the runs.
    """

    requests: Sequence[RunsForAgent]
    space_exhausted: bool
    etag: str
    encode_runs: Callable[[Sweep, Sequence[Run]], bytes]
    encode: Callable[[Sequence[CreatedRuns], str | None], bytes]
    size: int = 0
    earlier_answers_only: bool = False
    requester: Requester = NO_REQUESTER

    @property
    def keys(self) -> Sequence[RequestKey]:
        return [request.key for request in self.requests if request.key is not None]

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(numbers=frozenset(p.number for p in self._proposals()))

    def earlier_reply(self, stored: Mapping[str, StoredReply]) -> bytes | None:
        answers = [_earlier_answer(stored, request) for request in self.requests]
        if any(answer.answered_before or answer.request_id_reused for answer in answers):
            return self.encode(_that_fit(answers), None)
        return None

    def execute(self, work: UnitOfWork) -> bytes:
        earlier = self.earlier_reply(work.answers)
        if earlier is not None:
            return earlier
        if self.earlier_answers_only:
            return self._conflict()
        # The answer of a finished sweep has no runs. This answer is stored like any other one:
        # RetryRuns may reopen the sweep before the request is repeated.
        if work.sweep.state is not SweepState.FINISHED or self._proposals():
            require_assigning(work.sweep)
        if not self._fit(work):
            return self._conflict()
        self._require_room(work)
        is_first = work.sweep.state is SweepState.PENDING
        if is_first:
            start(work, f"agent {self.requests[0].agent_id} asked for its first run")
        created = []
        for request in self.requests:
            runs = [_assign(work, p, request.agent_id) for p in request.proposals]
            reply = self.encode_runs(work.sweep, runs)
            if request.key is not None:
                work.record(request.key, reply)
            created.append(CreatedRuns(reply))
        ended = work.sweep.state.is_final
        if self.space_exhausted and not (work.sweep.space_exhausted or ended):
            work.sweep.space_exhausted = True
            work.touch_sweep()
            finish_if_done(work)
        elif is_first:
            # All runs of a sweep without further ones may have been canceled before it started.
            finish_if_done(work)
        return self.encode(created, work.sweep.etag)

    def _conflict(self) -> bytes:
        return self.encode([CreatedRuns(None)] * len(self.requests), None)

    def _proposals(self) -> list[Proposal]:
        return [proposal for request in self.requests for proposal in request.proposals]

    def _require_room(self, work: UnitOfWork) -> None:
        """Check that the answer can hold the runs, with the labels and configs of queued ones.

        Raises:
            InvalidArgumentError: INVALID_REQUEST.
        """
        size = self.size + sum(
            size_of_labels(run.labels) + size_of_values(run.config)
            for run in work.runs.values()
            if run.labels or run.config
        )
        if size > MAX_TOGETHER_BYTES:
            text = (
                f"the runs take {size:,} bytes with the labels and configs of queued runs, but "
                f"one answer may take {MAX_TOGETHER_BYTES:,}: request fewer runs at once"
            )
            raise invalid_request(FieldViolation("requests", text))

    def _fit(self, work: UnitOfWork) -> bool:
        """Return whether the proposals were made for the sweep as it is now."""
        sweep = work.sweep
        if self.etag and self.etag != sweep.etag:
            return False
        next_number = sweep.next_number
        taken: set[int] = set()
        for proposal in self._proposals():
            run = work.runs.get(proposal.number)
            if run is not None:
                if run.state is not RunState.QUEUED or run.number in taken:
                    return False
                # The proposal is for a new run, but a user has queued a run under its number.
                if not run.parameters.items() <= proposal.parameters.items():
                    return False
                taken.add(run.number)
            elif proposal.number != next_number or not allows_run(sweep, next_number):
                return False
            else:
                next_number += 1
        # Queued runs go first, even if the proposer does not know them yet.
        return next_number == sweep.next_number or len(taken) == sweep.counts.queued


def _earlier_answer(stored: Mapping[str, StoredReply], request: RunsForAgent) -> CreatedRuns:
    """Return the stored answer; a reused id must not fail the other Suggests of the command."""
    if request.key is None or request.key.request_id not in stored:
        return CreatedRuns(None)
    try:
        reply = matching_reply(request.key, stored[request.key.request_id])
    except InvalidArgumentError:
        return CreatedRuns(None, request_id_reused=True)
    return CreatedRuns(reply, answered_before=True)


def _that_fit(answers: Sequence[CreatedRuns]) -> list[CreatedRuns]:
    """Return the stored answers that fit into one message, and conflicts in place of the others.

    The first answer always fits; the others are left for a further request.
    """
    fitting, size = [], 0
    for answer in answers:
        added = len(answer.reply or b"")
        if size and size + added > MAX_ANSWER_BYTES:
            fitting.append(CreatedRuns(None))
        else:
            size += added
            fitting.append(answer)
    return fitting


def _assign(work: UnitOfWork, proposal: Proposal, agent_id: str) -> Run:
    run = work.runs.get(proposal.number)
    if run is None:
        run = Run(
            sweep_id=work.sweep.sweep_id,
            number=proposal.number,
            parameters=proposal.parameters,
            state=RunState.RUNNING,
            create_time=work.now,
            sampler_state=proposal.sampler_state,
        )
        work.create(run)
    else:
        run.parameters = proposal.parameters
        run.sampler_state = proposal.sampler_state
        run.summary, run.summary_steps, run.last_step = {}, {}, None
        run.metrics = run.metric_bytes = 0
        run.error = None
        work.move(run, RunState.RUNNING)
    run.attempt += 1
    run.agent_id = agent_id
    run.start_time = work.now
    run.lease_expire_time = work.now + work.lease
    return run


def require_assigning(sweep: Sweep) -> None:
    """Check that runs of the sweep may be assigned.

    Raises:
        FailedPreconditionError: SWEEP_NOT_RUNNING.
    """
    if sweep.state not in (SweepState.PENDING, SweepState.RUNNING):
        hint = "; resume it first" if sweep.state is SweepState.PAUSED else ""
        raise FailedPreconditionError(
            "SWEEP_NOT_RUNNING",
            f"sweep '{sweep.sweep_id}' is {sweep.state} and assigns no runs{hint}",
            sweep_id=sweep.sweep_id,
            state=sweep.state,
        )

"""Answers the Suggests of one sweep, those that wait together in one go."""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
import uuid

from wanllmdb.api.registry.v1 import registry_service_pb2, sweep_pb2
from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    ServiceError,
    UnavailableError,
)
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_suggestion.algorithms import require_algorithms
from wanllmdb_suggestion.convert import proposals_to_proto
from wanllmdb_suggestion.metrics import (
    CONFLICTS,
    PROPOSALS,
    SAMPLING_SECONDS,
    SUGGESTS_TOGETHER,
)
from wanllmdb_suggestion.refusals import constraints_not_met, request_id_reused
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.resuming import resume_runs
from wanllmdb_suggestion.study.acceptance import ConstraintsNotMetError
from wanllmdb_suggestion.study.make_sampler import is_exhaustive
from wanllmdb_suggestion.study.model import Allotment, Batch, Demand, Proposal, SweepModel
from wanllmdb_suggestion.study.records import Exhausted, SweepState
from wanllmdb_suggestion.study_keeper import StudyKeeper
from wanllmdb_suggestion.waiting import (
    MAX_TRIES,
    Handout,
    WaitingLine,
    WaitingSuggest,
    scope_of,
)

# Proposed for a sweep that hands out nothing: no sweep gets as far as this
# number, so the registry turns the request down without a trace, unless it
# answered it before the sweep was stopped and knows what.
_UNFIT = Proposal(number=2**62, parameters={})

# Ids of the requests that end sweeps are made from this one.
_ENDINGS = uuid.UUID("6f1d3a0e-4f0c-4a53-9a4e-0c3b8e9a7d21")

# Proposals of one round bound its latency for those who come later.
MAX_TOGETHER = 256

# Seconds before a round that follows a conflict, at most.
MAX_PAUSE = 0.005


class SuggestDesk:
    """One sweep's Suggests.

    A worker goes round as long as somebody waits: it takes all who wait, brings
    the model up to date, proposes for them off the event loop, writes all of it
    in one CreateRuns and answers. So under load the cost of a round is shared
    by all who waited, and alone a Suggest waits for nobody.
    """

    def __init__(
        self, keeper: StudyKeeper, registry: RegistryClient, sampling_budget: float
    ) -> None:
        self._keeper = keeper
        self._registry = registry
        self._sampling_budget = sampling_budget
        # After a round that met no obstacle, the next one may do without a sync
        # where the method allows it.
        self._may_run_ahead = False
        self._line = WaitingLine()
        # How many are answered together at present.
        self._most = MAX_TOGETHER
        self._worker: asyncio.Task[None] | None = None

    async def suggest(
        self,
        count: int,
        agent_id: str,
        request_id: str,
        scope: CallScope,
        *,
        resume: bool = False,
    ) -> Handout:
        """Hands out up to `count` runs: with `resume` those that the agent holds, if any.

        Raises:
            FailedPreconditionError: SWEEP_NOT_RUNNING, ALGORITHM_NOT_INSTALLED,
                CONSTRAINTS_NOT_MET.
            AbortedError: WRITE_CONFLICT, other writers were faster every time.
            ServiceError: the registry's.
        """
        if resume:
            held = await resume_runs(
                self._keeper,
                self._registry,
                count=count,
                agent_id=agent_id,
                request_id=request_id,
                scope=scope,
            )
            if held is not None:
                return held
        answer: asyncio.Future[Handout] = asyncio.get_running_loop().create_future()
        suggest = WaitingSuggest(request_id, agent_id, count, scope, answer)
        self._line.join(suggest)
        if self._worker is None or self._worker.done():
            # Nothing of the first one's call: it works for those who come later too.
            self._worker = asyncio.create_task(self._work(), context=contextvars.Context())
        try:
            return await answer
        finally:
            self._line.leave(suggest)

    def close(self) -> None:
        """Stops the worker; those who wait are told to come again."""
        if self._worker is not None:
            self._worker.cancel()
        for suggest in self._line.drain():
            suggest.reject(
                UnavailableError("SHUTTING_DOWN", "the server shuts down; send the request again")
            )

    async def _work(self) -> None:
        while batch := self._line.together(self._most):
            try:
                await self._round(batch)
            except Exception as error:  # told to those who wait
                self._fail(batch, error)

    def _fail(self, batch: list[WaitingSuggest], error: Exception) -> None:
        """Fails all of them, unless one bad Suggest may have failed the others: then they go
        round once more, each alone.
        """
        is_common = isinstance(error, ServiceError) and not isinstance(error, InvalidArgumentError)
        for suggest in batch:
            if is_common or suggest.alone or len(batch) == 1:
                suggest.reject(error)
            suggest.alone = True

    async def _round(self, waiting: list[WaitingSuggest]) -> None:
        ahead = self._may_run_ahead
        self._may_run_ahead = False
        scope = scope_of(waiting)
        async with self._keeper.fresh_model(scope, may_run_ahead=ahead) as model:
            closed = model.closed
            etag = model.etag
            rule = model.stop_rule
            next_check = None if rule is None else rule.first_count
            fallback = _usual_shortage(model)
            running = model.running
            refusal: ServiceError | None = None
            proposed = Batch(dict.fromkeys(range(len(waiting)), Allotment([_UNFIT], None)))
            ending: registry_service_pb2.FinishSweepRequest | None = None
            if closed is None:
                try:
                    require_algorithms(model.spec)
                    ending = await self._ending(model)
                    if ending is None:
                        proposed = await self._propose(model, waiting)
                except FailedPreconditionError as error:
                    # The sweep's algorithms can't; who repeats an answered request gets his answer.
                    refusal = error
            end_message = model.end_message
        if ending is not None:
            await self._finish(ending, waiting)
            return
        if ahead and any(a.shortage for a in proposed.allotments.values()):
            # Whether there really is no more only a sync can tell: once more, with one.
            return
        SUGGESTS_TOGETHER.observe(len(proposed.allotments))
        served = [(waiting[i], allotment) for i, allotment in proposed.allotments.items()]
        # Numbers have no gaps, so only at the end can those be left out whose
        # caller has gone meanwhile.
        while served and not served[-1][0].is_wanted:
            served.pop()
            proposed.space_exhausted = False
        if not served:
            return
        try:
            response = await self._create(
                served,
                space_exhausted=proposed.space_exhausted,
                etag="" if closed or refusal else etag,
            )
        except FailedPreconditionError as error:
            if error.reason != "SWEEP_NOT_RUNNING":
                raise
            # No request was answered before, else the registry had said so.
            for suggest, _ in served:
                if closed is None:
                    self._again(suggest)
                elif isinstance(closed, Exhausted):
                    message = end_message if closed is Exhausted.TERMINATED else ""
                    suggest.resolve(Handout((), closed, next_check, message))
                else:
                    suggest.reject(_not_running(self._keeper.sweep_id, closed))
            return
        for (suggest, allotment), result in zip(served, response.results, strict=True):
            if result.request_id_reused:
                suggest.reject(request_id_reused(suggest.request_id))
            elif refusal is not None and not result.answered_before:
                suggest.reject(refusal)
            elif response.conflict and not result.answered_before:
                self._again(suggest)
            elif len(result.runs) == suggest.count:
                suggest.resolve(Handout(result.runs, None, next_check))
            else:
                others = running + _newly_handed_out(response) - len(result.runs)
                shortage = allotment.shortage or fallback
                suggest.resolve(Handout(result.runs, shortage, next_check, running=max(others, 0)))
        if refusal is not None:
            return
        if response.conflict:
            CONFLICTS.inc()
            # Another replica was faster. A shorter round has better odds, and two
            # that met once would meet again in step.
            self._most = max(len(served) // 2, 1)
            await asyncio.sleep(random.uniform(0, MAX_PAUSE))
        else:
            self._most = min(self._most * 2, MAX_TOGETHER)
            if closed is None and not proposed.space_exhausted:
                runs = [run for result in response.results for run in result.runs]
                await self._keeper.hand_out(runs, response.etag)
                self._may_run_ahead = True

    async def _propose(self, model: SweepModel, waiting: list[WaitingSuggest]) -> Batch:
        """Proposes for all who wait.

        Raises:
            FailedPreconditionError: CONSTRAINTS_NOT_MET.
        """
        demands = [_demand(suggest) for suggest in waiting]
        sampler = model.spec.sampler.name
        began = time.perf_counter()
        try:
            batch = await self._keeper.off_loop(
                lambda: model.propose(demands, seconds=self._sampling_budget)
            )
        except (ConstraintsNotMetError, NoPointFoundError) as error:
            raise constraints_not_met(self._keeper.sweep_id, str(error)) from error
        SAMPLING_SECONDS.labels(sampler).observe(time.perf_counter() - began)
        PROPOSALS.labels(sampler).inc(sum(len(a.proposals) for a in batch.allotments.values()))
        return batch

    async def _ending(self, model: SweepModel) -> registry_service_pb2.FinishSweepRequest | None:
        """How the sweep is ended, if its terminator says so."""
        termination = model.termination
        if termination is None:
            return None
        why = await self._keeper.off_loop(termination.why)
        if why is None:
            return None
        # From the same state others come to the same end, and may be faster.
        state = f"{self._keeper.sweep_id} {model.revision} {why}"
        return registry_service_pb2.FinishSweepRequest(
            sweep_id=self._keeper.sweep_id,
            etag=model.etag,
            request_id=str(uuid.uuid5(_ENDINGS, state)),
            reason=sweep_pb2.FINISH_REASON_TERMINATED,
            message=why,
        )

    async def _finish(
        self, ending: registry_service_pb2.FinishSweepRequest, waiting: list[WaitingSuggest]
    ) -> None:
        """Ends the sweep; those who wait learn of it from the next round."""
        try:
            await self._registry.finish_sweep(ending, scope_of(waiting))
        except (AbortedError, FailedPreconditionError) as error:
            if error.reason not in ("ETAG_MISMATCH", "SWEEP_STATE_CONFLICT"):
                raise
            # The sweep has changed or ended meanwhile.
            for suggest in waiting:
                self._again(suggest)

    async def _create(
        self,
        served: list[tuple[WaitingSuggest, Allotment]],
        *,
        space_exhausted: bool,
        etag: str,
    ) -> registry_service_pb2.CreateRunsResponse:
        """Writes what was proposed.

        Also for those who get nothing: the registry knows whether one of them
        only repeats a request that was answered before.
        """
        request = registry_service_pb2.CreateRunsRequest(
            sweep_id=self._keeper.sweep_id,
            requests=[
                registry_service_pb2.RunsForAgent(
                    request_id=suggest.request_id,
                    agent_id=suggest.agent_id,
                    count=suggest.count,
                    proposals=proposals_to_proto(allotment.proposals, self._keeper.seal),
                )
                for suggest, allotment in served
            ],
            space_exhausted=space_exhausted,
            etag=etag,
        )
        return await self._registry.create_runs(request, scope_of([s for s, _ in served]))

    def _again(self, suggest: WaitingSuggest) -> None:
        suggest.tries += 1
        if suggest.tries >= MAX_TRIES:
            suggest.reject(
                AbortedError(
                    "WRITE_CONFLICT",
                    f"sweep '{self._keeper.sweep_id}' was changed by others {MAX_TRIES} times in "
                    "a row; send the same request again",
                    sweep_id=self._keeper.sweep_id,
                )
            )


def _demand(suggest: WaitingSuggest) -> Demand:
    return Demand(suggest.count, lambda: suggest.is_wanted)


def _newly_handed_out(response: registry_service_pb2.CreateRunsResponse) -> int:
    return sum(len(result.runs) for result in response.results if not result.answered_before)


def _not_running(sweep_id: str, state: SweepState) -> FailedPreconditionError:
    todo = {
        SweepState.PAUSED: "; resume it first",
        SweepState.FINISHED: " by request; create a new sweep to go on",
    }.get(state, "; create a new sweep to go on")
    return FailedPreconditionError(
        "SWEEP_NOT_RUNNING",
        f"sweep '{sweep_id}' is {state}{todo}",
        sweep_id=sweep_id,
        state=state,
    )


def _usual_shortage(model: SweepModel) -> Exhausted:
    """Why an earlier answer, whose reason nobody wrote down, had too few runs."""
    if model.spec.run_cap is None and is_exhaustive(model.spec.sampler.name):
        return Exhausted.SPACE_EXHAUSTED
    return Exhausted.RUN_CAP

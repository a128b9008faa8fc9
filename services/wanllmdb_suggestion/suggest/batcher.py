"""The suggest batcher of a sweep: answers all Suggests that wait at the same time in one round."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Sequence

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.computing.batcher import Batcher
from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    ServiceError,
    UnavailableError,
)
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_suggestion.errors import request_id_reused
from wanllmdb_suggestion.optimizer.types import Exhausted
from wanllmdb_suggestion.prometheus_metrics import CONFLICTS, SUGGEST_SECONDS, SUGGESTS_TOGETHER
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.registry.conversion import proposals_to_proto
from wanllmdb_suggestion.suggest.ended_runs import OpenEnds, ended_runs_of, put_results
from wanllmdb_suggestion.suggest.resumed import next_check_of
from wanllmdb_suggestion.suggest.round import RoundPlan, Served, plan_round
from wanllmdb_suggestion.suggest.session import SweepSession
from wanllmdb_suggestion.suggest.suggest_queue import PendingSuggest, scope_of, select_round

# The most Suggests of one round: a limit on the latency of Suggests that arrive during it.
MAX_TOGETHER = 256

# The most rounds of a Suggest whose proposals conflict with another replica's.
MAX_TRIES = 25

# The most seconds to wait before the round after a conflict.
MAX_PAUSE = 0.005

# The most bytes of the results of ends in one response; the runs may take the rest of gRPC's 4 MiB.
MAX_RESULT_BYTES = 1024 * 1024

# The registry stores one response by the caller's request id: that of CreateRuns, in case there
# are no runs to resume. ResumeRuns, which comes first, uses an id derived from this one.
_RESUME_IDS = uuid.UUID("3b0c7f0e-8a54-4f5e-9d0b-5d9f6a1e7c42")

_EXHAUSTED = {
    reason: pb.ExhaustedReason.Value(f"EXHAUSTED_REASON_{reason}") for reason in Exhausted
}


class SuggestBatcher:
    """The Suggests of one sweep, and the ends of runs that come with them.

    A round syncs the model, proposes runs for all waiting Suggests off the event loop, stores
    them with one CreateRuns and responds. Under load, the cost of a round is shared by all
    Suggests that waited; a Suggest that arrives alone starts a round at once. The ends go with
    the sync, or with CreateRuns in a round that needs no sync.
    """

    def __init__(
        self, session: SweepSession, registry: RegistryClient, sampling_budget: float
    ) -> None:
        self._session = session
        self._registry = registry
        self._sampling_budget = sampling_budget
        # After a round without a conflict, the next one may skip the sync if the method allows.
        self._may_run_ahead = False
        # The most Suggests of the next round.
        self._most = MAX_TOGETHER
        self._batcher = Batcher(
            self._answer, select=lambda waiting: select_round(waiting, self._most)
        )

    async def suggest(self, request: pb.SuggestRequest, scope: CallScope) -> pb.SuggestResponse:
        """Assign up to `count` runs; with `resume`, return the runs that the agent holds, if any.

        Raises:
            FailedPreconditionError: SWEEP_NOT_RUNNING, ALGORITHM_NOT_INSTALLED,
                CONSTRAINTS_NOT_MET.
            UnavailableError: WRITE_CONFLICT: every try conflicted with concurrent writes.
            ServiceError: an error of the registry.
        """
        suggest = PendingSuggest(
            # Calls of the registry are retried even if the caller sends no request id.
            request_id=request.request_id or str(uuid.uuid4()),
            agent_id=request.agent_id,
            count=request.count or 1,
            scope=scope,
            ended=ended_runs_of(request),
        )
        if request.resume:
            # A run that ends here is not one that the agent still holds.
            await self._end_runs(suggest)
            resumed = await self._resume(suggest)
            if resumed is not None:
                return resumed
        response: pb.SuggestResponse = await self._batcher.submit(suggest)
        return response

    def close(self) -> None:
        """Stop the worker and ask the callers that wait to retry."""
        self._batcher.stop(
            UnavailableError("SHUTTING_DOWN", "the server shuts down; send the request again")
        )

    async def _end_runs(self, suggest: PendingSuggest) -> None:
        ends = OpenEnds([suggest.ended])
        if ends.requests:
            sweep_id = self._session.sweep_id
            ends.settle(await self._registry.finish_runs(sweep_id, ends.requests, suggest.scope))

    async def _resume(self, suggest: PendingSuggest) -> pb.SuggestResponse | None:
        """Return the runs that the agent holds, with new leases; None if it holds none.

        A retry with the same request id gets the same answer, even if there were none: runs
        that the agent was assigned instead do not count as runs that it held before.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
            ServiceError: an error of the registry.
        """
        request = internal_pb.ResumeRunsRequest(
            sweep_id=self._session.sweep_id,
            agent_id=suggest.agent_id,
            count=suggest.count,
            request_id=str(uuid.uuid5(_RESUME_IDS, str(uuid.UUID(suggest.request_id)))),
        )
        try:
            held = await self._registry.resume_runs(request, suggest.scope)
        except InvalidArgumentError as error:
            if error.reason != "REQUEST_ID_REUSED":
                raise
            raise request_id_reused(suggest.request_id) from error
        if not held.runs:
            return None
        async with self._session.fresh_model(suggest.scope) as model:
            next_check = await self._session.off_loop(lambda: next_check_of(model, held.runs))
        response = pb.SuggestResponse(
            runs=held.runs,
            next_check_iteration=next_check,
            resumed=True,
            lease_duration=held.lease_duration,
        )
        _add_ends(response, suggest)
        return response

    async def _answer(self, waiting: Sequence[PendingSuggest]) -> None:
        try:
            await self._round(waiting)
        except Exception as error:
            is_common = isinstance(error, ServiceError) and not isinstance(
                error, InvalidArgumentError
            )
            if is_common or len(waiting) == 1:
                raise
            # One bad Suggest may have failed the others: each gets another round, alone.
            for suggest in waiting:
                suggest.alone = True

    async def _round(self, waiting: Sequence[PendingSuggest]) -> None:
        ahead = self._may_run_ahead
        self._may_run_ahead = False
        ends = OpenEnds(suggest.ended for suggest in waiting)
        async with self._session.fresh_model(
            scope_of(waiting), may_run_ahead=ahead, ends=ends
        ) as model:
            plan = await plan_round(self._session, model, waiting, seconds=self._sampling_budget)
        if not isinstance(plan, RoundPlan):
            await self._finish(plan, waiting)
        elif ahead and plan.is_short:
            # Only a sync shows whether more runs are left: the next round does one.
            return
        elif served := plan.served(waiting):
            SUGGESTS_TOGETHER.observe(len(served))
            await self._write(plan, served, ends)

    async def _write(self, plan: RoundPlan, served: Sequence[Served], ends: OpenEnds) -> None:
        """Store the runs and respond; Suggests whose proposals conflict keep waiting."""
        try:
            response = await self._create(plan, served, ends)
        except FailedPreconditionError as error:
            if error.reason != "SWEEP_NOT_RUNNING":
                raise
            # The sweep was stopped after the plan was made, perhaps by one of the ends; no
            # request was answered before.
            for suggest, _ in served:
                self._try_again(suggest)
            return
        newly = sum(len(result.runs) for result in response.results if not result.answered_before)
        duration = SUGGEST_SECONDS.labels(plan.sampler)
        for (suggest, suggestions), result in zip(served, response.results, strict=True):
            if result.request_id_reused:
                suggest.reject(request_id_reused(suggest.request_id))
            elif plan.error is not None and not result.answered_before:
                suggest.reject(plan.error)
            elif response.conflict and not result.answered_before:
                self._try_again(suggest)
            else:
                shortage = None
                if len(result.runs) < suggest.count:
                    shortage = plan.shortage if result.answered_before else suggestions.shortage
                answer = _response(plan, result, shortage, newly)
                if answer.runs:
                    answer.lease_duration.CopyFrom(response.lease_duration)
                _add_ends(answer, suggest)
                suggest.resolve(answer)
                duration.observe(time.perf_counter() - suggest.queued)
        if plan.error is None:
            await self._pace(plan, len(served), response)

    async def _pace(
        self, plan: RoundPlan, served: int, response: internal_pb.CreateRunsResponse
    ) -> None:
        """Set the size and the start of the next round."""
        if response.conflict:
            CONFLICTS.inc()
            # Another replica wrote first. A smaller round is less likely to conflict, and the
            # pause keeps two replicas from conflicting again in step.
            self._most = max(served // 2, 1)
            await asyncio.sleep(random.uniform(0, MAX_PAUSE))
            return
        self._most = min(self._most * 2, MAX_TOGETHER)
        if plan.is_open and not plan.round.space_exhausted:
            runs = [run for result in response.results for run in result.runs]
            await self._session.record_assigned(runs, plan.etag, response.etag)
            self._may_run_ahead = True

    async def _finish(
        self,
        request: internal_pb.TerminateSweepRequest,
        waiting: Sequence[PendingSuggest],
    ) -> None:
        """Finish the sweep; the next round responds to the waiting Suggests."""
        try:
            await self._registry.terminate_sweep(request, scope_of(waiting))
        except (AbortedError, FailedPreconditionError) as error:
            if error.reason not in ("ETAG_MISMATCH", "SWEEP_STATE_CONFLICT"):
                raise
            # The sweep has changed or ended since the plan was made.
            for suggest in waiting:
                self._try_again(suggest)

    async def _create(
        self, plan: RoundPlan, served: Sequence[Served], ends: OpenEnds
    ) -> internal_pb.CreateRunsResponse:
        """Store the proposals, and carry out the ends that no sync has carried out.

        Suggests without proposals are sent too: only the registry knows whether one of them
        retries a request that was answered before.
        """
        request = internal_pb.CreateRunsRequest(
            sweep_id=self._session.sweep_id,
            requests=[
                internal_pb.RunsForAgent(
                    request_id=suggest.request_id,
                    agent_id=suggest.agent_id,
                    count=suggest.count,
                    proposals=proposals_to_proto(suggestions.proposals, self._session.seal),
                )
                for suggest, suggestions in served
            ],
            space_exhausted=plan.round.space_exhausted,
            etag=plan.etag,
            earlier_answers_only=plan.error is not None,
            ended_runs=ends.requests,
        )
        response = await self._registry.create_runs(request, scope_of([s for s, _ in served]))
        ends.settle(response.ended_runs)
        return response

    def _try_again(self, suggest: PendingSuggest) -> None:
        """Leave a Suggest in the queue, unless it has used up its tries."""
        suggest.tries += 1
        if suggest.tries >= MAX_TRIES:
            suggest.reject(
                UnavailableError(
                    "WRITE_CONFLICT",
                    f"the runs for sweep '{self._session.sweep_id}' conflicted with concurrent "
                    f"writes {MAX_TRIES} times in a row; retry the same request",
                    sweep_id=self._session.sweep_id,
                )
            )


def _add_ends(response: pb.SuggestResponse, suggest: PendingSuggest) -> None:
    if suggest.ended.requests:
        put_results(response, suggest.ended.results, MAX_RESULT_BYTES)


def _response(
    plan: RoundPlan,
    result: internal_pb.CreatedRuns,
    shortage: Exhausted | None,
    newly: int,
) -> pb.SuggestResponse:
    """Return the response of a Suggest in a round that assigned `newly` new runs."""
    if shortage is None:
        return pb.SuggestResponse(runs=result.runs, next_check_iteration=plan.next_check)
    return pb.SuggestResponse(
        runs=result.runs,
        exhausted=_EXHAUSTED[shortage],
        next_check_iteration=plan.next_check,
        message=plan.end_message if shortage is Exhausted.TERMINATED else "",
        # Runs of other agents, which may be queued again.
        running_runs=max(plan.running + newly - len(result.runs), 0),
    )

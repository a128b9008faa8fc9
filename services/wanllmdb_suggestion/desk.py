"""Answers the Suggests of one sweep, those that wait together in one go."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Sequence

from wanllmdb.api.registry.v1 import registry_service_pb2
from wanllmdb_common.computing.cancellation import CallersGoneError
from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    ServiceError,
    UnavailableError,
)
from wanllmdb_suggestion.convert import proposals_to_proto
from wanllmdb_suggestion.drafting import Draft, Served, make_draft
from wanllmdb_suggestion.metrics import CONFLICTS, SUGGESTS_TOGETHER
from wanllmdb_suggestion.refusals import request_id_reused
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.resuming import resume_runs
from wanllmdb_suggestion.study.records import Exhausted
from wanllmdb_suggestion.study_keeper import StudyKeeper
from wanllmdb_suggestion.waiting import (
    MAX_TRIES,
    Handout,
    WaitingLine,
    WaitingSuggest,
    scope_of,
)

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
            except CallersGoneError:
                # All of the batch have gone.
                continue
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
        async with self._keeper.fresh_model(scope_of(waiting), may_run_ahead=ahead) as model:
            draft = await make_draft(self._keeper, model, waiting, seconds=self._sampling_budget)
        if draft.ending is not None:
            await self._finish(draft.ending, waiting)
        elif ahead and draft.is_short:
            # Whether there really is no more only a sync can tell: once more, with one.
            return
        elif served := draft.served(waiting):
            SUGGESTS_TOGETHER.observe(len(served))
            await self._write(draft, served)

    async def _write(self, draft: Draft, served: Sequence[Served]) -> None:
        """Has the runs handed out and answers; what others were faster with is left waiting."""
        try:
            response = await self._create(draft, served)
        except FailedPreconditionError as error:
            if error.reason != "SWEEP_NOT_RUNNING":
                raise
            # The sweep was stopped after the draft was made; no request was answered before.
            for suggest, _ in served:
                self._again(suggest)
            return
        newly = sum(len(result.runs) for result in response.results if not result.answered_before)
        for (suggest, allotment), result in zip(served, response.results, strict=True):
            if result.request_id_reused:
                suggest.reject(request_id_reused(suggest.request_id))
            elif draft.refusal is not None and not result.answered_before:
                suggest.reject(draft.refusal)
            elif response.conflict and not result.answered_before:
                self._again(suggest)
            elif len(result.runs) == suggest.count:
                suggest.resolve(Handout(result.runs, None, draft.next_check))
            else:
                shortage = draft.shortage if result.answered_before else allotment.shortage
                others = 0
                if shortage is not None and draft.closed is None:
                    others = max(draft.running + newly - len(result.runs), 0)
                message = draft.end_message if shortage is Exhausted.TERMINATED else ""
                suggest.resolve(
                    Handout(result.runs, shortage, draft.next_check, message, running=others)
                )
        if draft.refusal is None:
            await self._pace(draft, len(served), response)

    async def _pace(
        self, draft: Draft, served: int, response: registry_service_pb2.CreateRunsResponse
    ) -> None:
        """How the next round goes after this one."""
        if response.conflict:
            CONFLICTS.inc()
            # Another replica was faster. A shorter round has better odds, and two
            # that met once would meet again in step.
            self._most = max(served // 2, 1)
            await asyncio.sleep(random.uniform(0, MAX_PAUSE))
            return
        self._most = min(self._most * 2, MAX_TOGETHER)
        if draft.closed is None and not draft.batch.space_exhausted:
            runs = [run for result in response.results for run in result.runs]
            await self._keeper.hand_out(runs, response.etag)
            self._may_run_ahead = True

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
        self, draft: Draft, served: Sequence[Served]
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
            space_exhausted=draft.batch.space_exhausted,
            etag=draft.etag,
            earlier_answers_only=draft.refusal is not None,
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

"""Calls to the suggestion service, asynchronous."""

from __future__ import annotations

from collections.abc import Iterable

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import suggestion_calls
from wanllmdb._types.algorithms import Algorithm
from wanllmdb._types.suggestions import BestRuns, RunEnd, StopDecision, Suggestion


class AsyncSuggestionCalls(AsyncConnection):
    """Calls to the suggestion service."""

    async def suggest(
        self,
        sweep_id: str,
        *,
        agent_id: str,
        count: int = 1,
        resume: bool = False,
        request_id: str | None = None,
        ended_runs: Iterable[RunEnd] = (),
    ) -> Suggestion:
        """Assign up to `count` runs (1 to 100) to an agent; `agent_id` is a name of your choice.

        With `resume`, an agent that crashed gets only the runs that it already holds, if any;
        their attempts continue.

        `ended_runs`, at most 16, saves the calls of `finish_run` for runs of this sweep: they end
        first, as that method ends them, and the result of each is in the suggestion. A rejected
        end does not fail the call.

        Raises:
            FailedPreconditionError: SWEEP_NOT_RUNNING: the sweep is paused or has ended; the runs
                have ended all the same. After any other error, repeat the call, or call
                `finish_run` with the request id of each end.
        """
        return await self._invoke(
            suggestion_calls.suggest(sweep_id, count, agent_id, resume, request_id, ended_runs)
        )

    async def should_stop(self, sweep_id: str, number: int) -> StopDecision:
        """Whether early termination stops a run, and why.

        The call does not wait for an unavailable service, because training must not wait.
        """
        return await self._invoke(suggestion_calls.should_stop(sweep_id, number))

    async def get_best_runs(self, sweep_id: str, *, count: int = 0) -> BestRuns:
        """The `count` best finished runs, best first (1 to 1,000; 0 for 10).

        With several metrics, the runs that no other run dominates, by run number.

        Raises:
            FailedPreconditionError: NO_METRIC.
        """
        return await self._invoke(suggestion_calls.get_best_runs(sweep_id, count))

    async def list_algorithms(self) -> tuple[Algorithm, ...]:
        """The samplers, pruners, terminators and importance evaluators, with their options."""
        return await self._invoke(suggestion_calls.list_algorithms())

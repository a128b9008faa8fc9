"""The asynchronous client: one method per RPC of both services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from wanllmdb._addresses import REGISTRY
from wanllmdb._connection import AsyncConnection
from wanllmdb._errors import NotFoundError, UnavailableError
from wanllmdb._transport import reconnect_delay
from wanllmdb._types.analysis import (
    Algorithm,
    OptimizationHistory,
    ParallelCoordinates,
    ParameterImportance,
)
from wanllmdb._types.enums import (
    ConfigFormat,
    ImportanceEvaluator,
    Method,
    RunCommand,
    RunOrder,
    RunState,
    SweepOrder,
    SweepState,
)
from wanllmdb._types.run import (
    EnqueuedRun,
    FinishedRun,
    LeaseStatus,
    MetricHistory,
    MetricRow,
    Outcome,
    Run,
    RunLease,
    StopDecision,
    Succeeded,
    Suggestion,
)
from wanllmdb._types.spec import AlgorithmChoice, Hyperband, RetryPolicy
from wanllmdb._types.sweep import CreatedSweep, ParsedConfig, Sweep, SweepChange, SweepStats
from wanllmdb._types.unset import UNSET, Unset
from wanllmdb._wire import analysis_calls, run_calls, suggestion_calls, sweep_calls
from wanllmdb._wire.sweep_calls import Config


class AsyncClient(AsyncConnection):
    """Both services for asyncio; the methods, arguments and errors of Client.

    Use it within one event loop. Iterators are asynchronous: `async for run in
    client.list_runs(...)`. See Client for the arguments.
    """

    async def create_sweep(
        self,
        config: Config,
        *,
        project: str = "",
        name: str = "",
        description: str = "",
        request_id: str | None = None,
    ) -> CreatedSweep:
        """Creates a sweep in state PENDING.

        Args:
            config: a W&B-style config as a dictionary or as YAML or JSON text, or a
                typed SweepSpec. In a dictionary 1.0 stays a float and 32 an integer.
            project: where empty, the config's, else "default".
            name: for people; where empty, the config's, else made from the id.
            description: for people; where empty, the config's.
            request_id: see the class.

        Raises:
            InvalidArgumentError: names every problem of the config, each with its path.
        """
        return await self._invoke(
            sweep_calls.create_sweep(config, project, name, description, request_id)
        )

    async def parse_sweep_config(self, config: Config) -> ParsedConfig:
        """Checks a config without creating anything; fills in every default.

        Raises:
            InvalidArgumentError: names every problem of the config, each with its path.
        """
        return await self._invoke(sweep_calls.parse_sweep_config(config))

    async def get_sweep(self, sweep_id: str) -> Sweep:
        """A sweep with its statistics."""
        return await self._invoke(sweep_calls.get_sweep(sweep_id))

    def list_sweeps(
        self,
        *,
        project: str = "",
        states: Sequence[SweepState | str] = (),
        methods: Sequence[Method | str] = (),
        name_prefix: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        order: SweepOrder | str | None = None,
        page_size: int = 0,
    ) -> AsyncIterator[Sweep]:
        """Sweeps that pass all filters, newest first unless `order` says otherwise.

        Pages are fetched as the iterator gets to them, `page_size` (1 to 1,000; 0 for
        50) at a time. `created_after` is included, `created_before` is not; naive times
        are local.
        """
        return self._pages(
            sweep_calls.list_sweeps(
                project,
                states,
                methods,
                name_prefix,
                created_after,
                created_before,
                order,
                page_size,
            )
        )

    async def update_sweep(
        self,
        sweep_id: str,
        *,
        name: str | Unset = UNSET,
        description: str | Unset = UNSET,
        run_cap: int | Unset | None = UNSET,
        early_termination: Hyperband | AlgorithmChoice | Unset | None = UNSET,
        retries: RetryPolicy | Unset = UNSET,
        target: float | Unset | None = UNSET,
        etag: str = "",
        request_id: str | None = None,
    ) -> Sweep:
        """Changes what is given; None takes a cap, a rule or a target away.

        Raises:
            AbortedError: `etag` was given and the sweep has changed since.
        """
        return await self._invoke(
            sweep_calls.update_sweep(
                sweep_id,
                name,
                description,
                run_cap,
                early_termination,
                retries,
                target,
                etag,
                request_id,
            )
        )

    async def delete_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> None:
        """Deletes a sweep with its runs and metrics, in any state."""
        return await self._invoke(sweep_calls.delete_sweep(sweep_id, etag, request_id))

    async def export_sweep(self, sweep_id: str, config_format: ConfigFormat | str = "yaml") -> str:
        """The config as "yaml" or "json" text; creating a sweep from it gives an equal spec."""
        return await self._invoke(sweep_calls.export_sweep(sweep_id, config_format))

    async def start_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """PENDING to RUNNING. `suggest` does this by itself."""
        return await self._invoke(sweep_calls.start_sweep(sweep_id, etag, request_id))

    async def pause_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """RUNNING to PAUSED: nothing new is handed out, running runs may end."""
        return await self._invoke(sweep_calls.pause_sweep(sweep_id, etag, request_id))

    async def resume_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """PAUSED to RUNNING."""
        return await self._invoke(sweep_calls.resume_sweep(sweep_id, etag, request_id))

    async def finish_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """To FINISHED: nothing new is handed out, running runs may end."""
        return await self._invoke(sweep_calls.finish_sweep(sweep_id, etag, request_id))

    async def cancel_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """To CANCELED: agents are told to stop their runs."""
        return await self._invoke(sweep_calls.cancel_sweep(sweep_id, etag, request_id))

    async def get_sweep_stats(self, sweep_id: str) -> SweepStats:
        """A sweep's counters, best run and rates."""
        return await self._invoke(sweep_calls.get_sweep_stats(sweep_id))

    async def get_parallel_coordinates(
        self, sweep_id: str, *, max_rows: int = 0
    ) -> ParallelCoordinates:
        """Columns of a parallel-coordinates plot, at most `max_rows` (1 to 10,000; 0 for 1,000)."""
        return await self._invoke(sweep_calls.get_parallel_coordinates(sweep_id, max_rows))

    async def watch_sweep(
        self, sweep_id: str, *, since_revision: int = 0
    ) -> AsyncIterator[SweepChange]:
        """Changes of a sweep and its runs newer than `since_revision`, as they happen.

        Ends when the sweep is deleted; close the iterator to end it sooner. While the
        registry is away it waits, and goes on after the last revision that it yielded.

        Raises:
            NotFoundError: there is no such sweep.
            UnavailableError: the registry was not there from the beginning.
        """
        revision, failures, has_begun = since_revision, 0, False
        while True:
            try:
                async for change in self._stream(sweep_calls.watch_sweep(sweep_id, revision)):
                    revision, failures, has_begun = change.revision, 0, True
                    yield change
            except UnavailableError:
                if not self._peers[REGISTRY].has_answered:
                    raise
            except NotFoundError:
                if not has_begun:
                    raise
                return
            else:
                return
            await asyncio.sleep(reconnect_delay(failures))
            failures += 1

    async def get_run(
        self, sweep_id: str, number: int | None = None, *, external_run_id: str | None = None
    ) -> Run:
        """One run, by its number or by the outside tracker's id."""
        return await self._invoke(run_calls.get_run(sweep_id, number, external_run_id))

    def list_runs(
        self,
        sweep_id: str,
        *,
        states: Sequence[RunState | str] = (),
        order: RunOrder | str | None = None,
        page_size: int = 0,
    ) -> AsyncIterator[Run]:
        """The runs of a sweep, by ascending number unless `order` says otherwise.

        Pages are fetched as the iterator gets to them, `page_size` (1 to 1,000; 0 for
        100) at a time.
        """
        return self._pages(run_calls.list_runs(sweep_id, states, order, page_size))

    async def update_run(
        self,
        sweep_id: str,
        number: int,
        *,
        name: str | Unset = UNSET,
        labels: Mapping[str, str] | Unset = UNSET,
        config: Mapping[str, Any] | Unset = UNSET,
        external_run_id: str | Unset = UNSET,
        request_id: str | None = None,
    ) -> Run:
        """Changes what is given; `labels` and `config` are each replaced as a whole.

        Raises:
            AlreadyExistsError: another run of the sweep has this external_run_id.
        """
        return await self._invoke(
            run_calls.update_run(
                sweep_id, number, name, labels, config, external_run_id, request_id
            )
        )

    async def enqueue_runs(
        self,
        sweep_id: str,
        runs: Iterable[EnqueuedRun | Mapping[str, Any]],
        *,
        request_id: str | None = None,
    ) -> tuple[Run, ...]:
        """Queues parameters to be tried next, in order; they count against run_cap.

        Each is an EnqueuedRun or a dictionary of parameters; the sampler completes those
        not given. 1 to 1,000.
        """
        return await self._invoke(run_calls.enqueue_runs(sweep_id, runs, request_id))

    async def report_metrics(
        self,
        sweep_id: str,
        number: int,
        attempt: int,
        rows: Iterable[MetricRow],
        *,
        request_id: str | None = None,
    ) -> RunCommand:
        """Stores metric values of a running run, at most 10,000; says what to do with it.

        Raises:
            FailedPreconditionError: RUN_NOT_RUNNING, or RUN_LEASE_LOST.
        """
        return await self._invoke(
            run_calls.report_metrics(sweep_id, number, attempt, rows, request_id)
        )

    async def finish_run(
        self,
        sweep_id: str,
        number: int,
        attempt: int,
        outcome: Outcome = Succeeded(),  # noqa: B008  # frozen
        *,
        rows: Iterable[MetricRow] = (),
        config: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> FinishedRun:
        """Ends a run; `rows` are values not yet reported, stored first.

        `config`, where there is any, replaces the run's: what the program set beside or
        against the parameters.

        Raises:
            FailedPreconditionError: RUN_NOT_RUNNING, or RUN_LEASE_LOST: the result of
                this attempt comes too late.
        """
        return await self._invoke(
            run_calls.finish_run(sweep_id, number, attempt, outcome, rows, config or {}, request_id)
        )

    async def release_run(
        self,
        sweep_id: str,
        number: int,
        attempt: int,
        *,
        reason: str = "",
        request_id: str | None = None,
    ) -> Run:
        """Gives a running run back: it is queued again, and this does not count as a retry."""
        return await self._invoke(
            run_calls.release_run(sweep_id, number, attempt, reason, request_id)
        )

    async def heartbeat(self, leases: Iterable[RunLease]) -> tuple[LeaseStatus, ...]:
        """Renews leases, at most 1,000; one answer each, in order."""
        return await self._invoke(run_calls.heartbeat(leases))

    async def get_metric_history(
        self,
        sweep_id: str,
        number: int,
        *,
        names: Sequence[str] = (),
        min_step: int | None = None,
        attempt: int | None = None,
        page_size: int = 0,
    ) -> dict[str, MetricHistory]:
        """Metric histories of a run by name: of `names` only, from `min_step`, of one attempt.

        All pages are fetched, `page_size` points (1 to 50,000; 0 for 10,000) at a time.
        Where `attempt` is None, of the latest.
        """
        pages = self._pages(
            run_calls.get_metric_history(sweep_id, number, names, min_step, attempt, page_size)
        )
        return run_calls.merged_histories([history async for history in pages])

    async def suggest(
        self,
        sweep_id: str,
        *,
        agent_id: str,
        count: int = 1,
        request_id: str | None = None,
    ) -> Suggestion:
        """Hands out up to `count` (1 to 100) runs to an agent, a name of your choice.

        Raises:
            FailedPreconditionError: SWEEP_NOT_RUNNING: the sweep is paused or has ended.
        """
        return await self._invoke(suggestion_calls.suggest(sweep_id, count, agent_id, request_id))

    async def should_stop(self, sweep_id: str, number: int) -> StopDecision:
        """Whether early termination stops a run, and why."""
        return await self._invoke(suggestion_calls.should_stop(sweep_id, number))

    async def get_best_runs(self, sweep_id: str, *, count: int = 0) -> tuple[Run, ...]:
        """The best finished runs, best first: `count` of them (1 to 1,000; 0 for 10)."""
        return await self._invoke(suggestion_calls.get_best_runs(sweep_id, count))

    async def get_parameter_importance(
        self, sweep_id: str, *, evaluator: ImportanceEvaluator | str | None = None
    ) -> ParameterImportance:
        """How much each parameter matters for the metric; may take a minute.

        Raises:
            FailedPreconditionError: NOT_ENOUGH_RUNS: fewer than 2 finished runs; or
                NO_METRIC.
        """
        return await self._invoke(analysis_calls.get_parameter_importance(sweep_id, evaluator))

    async def get_optimization_history(
        self, sweep_id: str, *, max_points: int = 0
    ) -> OptimizationHistory:
        """The objective and the best one so far by run number.

        At most `max_points` (1 to 10,000; 0 for 1,000), every improvement among them.
        """
        return await self._invoke(analysis_calls.get_optimization_history(sweep_id, max_points))

    async def list_algorithms(self) -> tuple[Algorithm, ...]:
        """The methods that the server knows."""
        return await self._invoke(suggestion_calls.list_algorithms())

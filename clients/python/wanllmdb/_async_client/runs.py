"""Calls about runs, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import run_calls
from wanllmdb._types.enums import RunCommand, RunFormat, RunOrder, RunState
from wanllmdb._types.prior_runs import ImportedRuns, PriorRun, PriorRunSource
from wanllmdb._types.runs import (
    EnqueuedRun,
    FinishedRun,
    LeaseStatus,
    MetricHistory,
    MetricRow,
    Outcome,
    Run,
    RunLease,
    Succeeded,
    merged_histories,
)
from wanllmdb._types.sweeps import RetriedRuns
from wanllmdb._types.values import UNSET, Unset


class AsyncRunCalls(AsyncConnection):
    """Calls about runs."""

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

    async def retry_runs(
        self,
        sweep_id: str,
        numbers: Iterable[int] = (),
        *,
        states: Iterable[RunState | str] = (),
        etag: str = "",
        request_id: str | None = None,
    ) -> RetriedRuns:
        """Queues ended runs again; a sweep that has ended runs again.

        Either the runs with these numbers, at most 1,000, all of them or none; or those in any
        of these states (failed, lost, canceled, pruned), 1,000 of them in one call. They keep
        their numbers, so they count against run_cap once.

        Raises:
            FailedPreconditionError: RUN_NOT_RETRYABLE names each run that can't be retried;
                SWEEP_STATE_CONFLICT: the sweep would end again at once.
        """
        return await self._invoke(run_calls.retry_runs(sweep_id, numbers, states, etag, request_id))

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
        histories = await self._every(
            run_calls.get_metric_history(sweep_id, number, names, min_step, attempt, page_size)
        )
        return merged_histories(histories)

    async def import_runs(
        self,
        sweep_id: str,
        source: PriorRunSource,
        *,
        skip_unfit: bool = False,
        request_id: str | None = None,
    ) -> ImportedRuns:
        """Takes results of elsewhere, so that the sampler knows them.

        They take no numbers and do not count against run_cap. In any state that is not
        final.

        Args:
            sweep_id: the sweep.
            source: a PriorSweep, CsvRuns or JsonLinesRuns (4 MiB at most in one call), or
                PriorRun objects, at most 10,000.
            skip_unfit: leave out runs that do not fit the sweep, instead of refusing all.
            request_id: see the class.

        Raises:
            InvalidArgumentError: names each run that does not fit.
        """
        return await self._invoke(run_calls.import_runs(sweep_id, source, skip_unfit, request_id))

    def list_prior_runs(self, sweep_id: str, *, page_size: int = 0) -> AsyncIterator[PriorRun]:
        """What was imported, in that order; `page_size` (1 to 1,000; 0 for 100) at a time."""
        return self._pages(run_calls.list_prior_runs(sweep_id, page_size))

    def export_runs(
        self,
        sweep_id: str,
        run_format: RunFormat | str = RunFormat.CSV,
        *,
        states: Sequence[RunState | str] = (),
        raw_cells: bool = False,
    ) -> AsyncIterator[bytes]:
        """All runs by ascending number as "csv" or "json_lines": pieces of UTF-8, whole rows.

        The first piece of a CSV starts with the header. Cells that a spreadsheet would take for
        formulas begin with an apostrophe, unless `raw_cells`.
        """
        return self._stream(run_calls.export_runs(sweep_id, run_format, states, raw_cells))

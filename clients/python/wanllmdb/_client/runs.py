# Generated from _async_client/runs.py by generate_blocking.py; edit that file.
"""Calls about runs, blocking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wanllmdb._calls import run_calls
from wanllmdb._client.connection import Connection
from wanllmdb._types.enums import RunCommand, RunFormat, RunOrder, RunState
from wanllmdb._types.prior_runs import ImportedRuns, PriorRun, PriorRunSource
from wanllmdb._types.run_columns import RunColumnKey, RunColumnsPart
from wanllmdb._types.runs import (
    EnqueuedRun,
    FinishedRun,
    LeaseStatus,
    MetricCurve,
    MetricHistory,
    MetricRow,
    Outcome,
    Run,
    RunLease,
    Succeeded,
    merged_histories,
)
from wanllmdb._types.sweeps import CanceledRuns, RetriedRuns
from wanllmdb._types.values import UNSET, Unset


class RunCalls(Connection):
    """Calls about runs."""

    def get_run(
        self, sweep_id: str, number: int | None = None, *, external_run_id: str | None = None
    ) -> Run:
        """One run, by its number or by its id in an external tracker."""
        return self._invoke(run_calls.get_run(sweep_id, number, external_run_id))

    def batch_get_runs(self, sweep_id: str, numbers: Iterable[int]) -> tuple[Run, ...]:
        """Several runs, by number, in that order.

        Sends further requests for more runs than fit into one answer.

        Raises:
            NotFoundError: one of the runs does not exist.
        """
        left = list(numbers)
        found: list[Run] = []
        while left:
            runs = self._invoke(run_calls.batch_get_runs(sweep_id, left[:1_000]))
            found += runs
            left = left[len(runs) :]
        return tuple(found)

    def list_runs(
        self,
        sweep_id: str,
        *,
        states: Sequence[RunState | str] = (),
        order: RunOrder | str | None = None,
        page_size: int = 0,
    ) -> Iterator[Run]:
        """The runs of a sweep, by ascending number unless `order` is given.

        Pages of `page_size` runs (1 to 1,000; 0 for 100) are fetched as the iterator reaches
        them.
        """
        return self._pages(run_calls.list_runs(sweep_id, states, order, page_size))

    def update_run(
        self,
        sweep_id: str,
        number: int,
        *,
        name: str | Unset = UNSET,
        labels: Mapping[str, str] | Unset = UNSET,
        config: Mapping[str, Any] | Unset = UNSET,
        external_run_id: str | Unset = UNSET,
        if_revision: int | None = None,
        request_id: str | None = None,
    ) -> Run:
        """Change the given fields; `labels` and `config` are each replaced as a whole.

        With `if_revision`, the run's revision as last read, nothing is overwritten that changed
        since.

        Raises:
            AbortedError: `if_revision` was given and the run has changed since.
            AlreadyExistsError: another run of the sweep has this external_run_id.
        """
        return self._invoke(
            run_calls.update_run(
                sweep_id, number, name, labels, config, external_run_id, if_revision, request_id
            )
        )

    def enqueue_runs(
        self,
        sweep_id: str,
        runs: Iterable[EnqueuedRun | Mapping[str, Any]],
        *,
        request_id: str | None = None,
    ) -> tuple[Run, ...]:
        """Queue 1 to 1,000 runs with given parameters, to be tried next, in order.

        Each item is an EnqueuedRun or a dictionary of parameters; the sampler chooses the
        parameters that are not given. Enqueued runs count against run_cap.
        """
        return self._invoke(run_calls.enqueue_runs(sweep_id, runs, request_id))

    def retry_runs(
        self,
        sweep_id: str,
        numbers: Iterable[int] = (),
        *,
        states: Iterable[RunState | str] = (),
        etag: str = "",
        request_id: str | None = None,
    ) -> RetriedRuns:
        """Queue ended runs again; a sweep that has ended becomes running again.

        Select the runs either by `numbers`, at most 1,000, of which all or none are queued; or by
        `states` (failed, lost, canceled, pruned), of which one call queues up to 1,000. Retried
        runs keep their numbers, so they count against run_cap once.

        Raises:
            FailedPreconditionError: RUN_NOT_RETRYABLE names each run that can't be retried;
                SWEEP_STATE_CONFLICT: the sweep would end again immediately.
        """
        return self._invoke(run_calls.retry_runs(sweep_id, numbers, states, etag, request_id))

    def cancel_runs(
        self,
        sweep_id: str,
        numbers: Iterable[int],
        *,
        reason: str = "",
        request_id: str | None = None,
    ) -> CanceledRuns:
        """Stop 1 to 1,000 runs, by number; the sweep continues.

        A queued run is canceled at once. The agent of a running run stops the run with its next
        heartbeat or report and continues with the next one. Runs that have ended stay as they are.

        Raises:
            NotFoundError: one of the runs does not exist; nothing was changed.
        """
        return self._invoke(run_calls.cancel_runs(sweep_id, numbers, reason, request_id))

    def report_metrics(
        self,
        sweep_id: str,
        number: int,
        attempt: int,
        rows: Iterable[MetricRow],
        *,
        request_id: str | None = None,
    ) -> RunCommand:
        """Store up to 10,000 metric values of a running run; return the command for that run.

        Raises:
            FailedPreconditionError: RUN_NOT_RUNNING, or RUN_LEASE_LOST.
        """
        return self._invoke(run_calls.report_metrics(sweep_id, number, attempt, rows, request_id))

    def finish_run(
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
        """End a run, after storing the unreported values in `rows`.

        A `config` replaces the run's config: the values that the program set in addition to the
        parameters, or instead of them.

        Raises:
            FailedPreconditionError: RUN_NOT_RUNNING, or RUN_LEASE_LOST: the result of this
                attempt is too late.
        """
        return self._invoke(
            run_calls.finish_run(sweep_id, number, attempt, outcome, rows, config or {}, request_id)
        )

    def release_run(
        self,
        sweep_id: str,
        number: int,
        attempt: int,
        *,
        reason: str = "",
        request_id: str | None = None,
    ) -> Run:
        """Queue a running run again, without counting this as a retry."""
        return self._invoke(run_calls.release_run(sweep_id, number, attempt, reason, request_id))

    def heartbeat(self, leases: Iterable[RunLease]) -> tuple[LeaseStatus, ...]:
        """Renew up to 1,000 leases; return one status for each lease, in order."""
        return self._invoke(run_calls.heartbeat(leases))

    def get_metric_history(
        self,
        sweep_id: str,
        number: int,
        *,
        names: Sequence[str] = (),
        min_step: int | None = None,
        attempt: int | None = None,
        page_size: int = 0,
    ) -> dict[str, MetricHistory]:
        """The metric histories of one attempt of a run, by metric name.

        `names` limits the metrics (default: all), `min_step` the steps; `attempt` defaults to the
        latest one. All pages are fetched, `page_size` points (1 to 50,000; 0 for 10,000) at a
        time.
        """
        histories = self._every(
            run_calls.get_metric_history(sweep_id, number, names, min_step, attempt, page_size)
        )
        return merged_histories(histories)

    def get_metric_histories(
        self, sweep_id: str, numbers: Iterable[int], name: str, *, max_points: int = 0
    ) -> tuple[MetricCurve, ...]:
        """The history of one metric of many runs, for each run that reported it.

        Args:
            sweep_id: the sweep.
            numbers: 1 to 1,000 runs, by number.
            name: the metric's name.
            max_points: the most buckets of each run: 1 to 10,000; 0 for 100. All runs together
                have at most 90,000, so each of many runs has fewer.
        """
        return self._invoke(run_calls.get_metric_histories(sweep_id, numbers, name, max_points))

    def import_runs(
        self,
        sweep_id: str,
        source: PriorRunSource,
        *,
        skip_unfit: bool = False,
        request_id: str | None = None,
    ) -> ImportedRuns:
        """Import results of earlier runs, so that the sampler learns from them.

        Imported runs get no run numbers and do not count against run_cap.

        Args:
            sweep_id: the sweep, in any state that is not final.
            source: a PriorSweep, CsvRuns or JsonLinesRuns (4 MiB at most in one call), or
                PriorRun objects, at most 10,000.
            skip_unfit: skip runs that do not fit the sweep, instead of rejecting all runs.
            request_id: see the class.

        Raises:
            InvalidArgumentError: names each run that does not fit.
        """
        return self._invoke(run_calls.import_runs(sweep_id, source, skip_unfit, request_id))

    def list_prior_runs(self, sweep_id: str, *, page_size: int = 0) -> Iterator[PriorRun]:
        """The imported runs, in the order of the import, in pages of `page_size`.

        A page has 1 to 1,000 runs; 0 for 100.
        """
        return self._pages(run_calls.list_prior_runs(sweep_id, page_size))

    def read_run_columns(
        self,
        sweep_id: str,
        columns: Sequence[RunColumnKey] = (),
        *,
        states: Sequence[RunState | str] = (),
        since_revision: int = 0,
        database_id: str = "",
    ) -> Iterator[RunColumnsPart]:
        """Columns of all runs by ascending number: the schema, then chunks, last the end.

        A hundred thousand runs take about a second. A stream without an end is incomplete. The end
        has the revision and the database from which `watch_sweep` goes on.

        Args:
            sweep_id: the sweep.
            columns: at most 1,000; by default the parameters, the objectives and the start and
                end times.
            states: only runs in one of these states.
            since_revision: only runs that changed after this revision.
            database_id: the database that the revision is from; not compared if empty.

        Raises:
            FailedPreconditionError: REVISION_UNKNOWN; see `watch_sweep`.
        """
        return self._stream(
            run_calls.read_run_columns(sweep_id, columns, states, since_revision, database_id)
        )

    def export_runs(
        self,
        sweep_id: str,
        run_format: RunFormat | str = RunFormat.CSV,
        *,
        states: Sequence[RunState | str] = (),
        raw_cells: bool = False,
    ) -> Iterator[bytes]:
        """All runs by ascending number, as "csv" or "json_lines" text.

        Yields chunks of UTF-8 that end with whole rows; the first chunk of a CSV starts with the
        header. An apostrophe precedes cells that a spreadsheet would take for formulas, unless
        `raw_cells`.
        """
        return self._stream(run_calls.export_runs(sweep_id, run_format, states, raw_cells))

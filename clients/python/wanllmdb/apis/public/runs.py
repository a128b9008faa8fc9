"""Lists of runs, as W&B's public API returns them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from wanllmdb._types.enums import RunState
from wanllmdb._types.sweeps import Sweep as SweepRecord
from wanllmdb._types.sweeps import SweepStats
from wanllmdb.apis.public._errors import InvalidQueryError, RunNotFoundError
from wanllmdb.apis.public._lazy import LazyList, page_size
from wanllmdb.apis.public._queries import ordering, run_filter
from wanllmdb.apis.public._reader import Reader
from wanllmdb.apis.public._run import Run
from wanllmdb.apis.public.history import table_package

__all__ = ["Run", "RunNotFoundError", "Runs"]

_COUNTERS: Mapping[RunState, Callable[[SweepStats], int]] = {
    RunState.QUEUED: lambda stats: stats.queued_runs,
    RunState.RUNNING: lambda stats: stats.running_runs,
    RunState.FINISHED: lambda stats: stats.finished_runs,
    RunState.PRUNED: lambda stats: stats.pruned_runs,
    RunState.FAILED: lambda stats: stats.failed_runs,
    RunState.LOST: lambda stats: stats.lost_runs,
    RunState.CANCELED: lambda stats: stats.canceled_runs,
}


class Runs(LazyList[Run]):
    """The runs of a project's sweeps, or of one sweep, that pass a filter.

    Runs are fetched in pages as a program reaches them. An order by another field than
    `created_at` fetches all runs first. The registry counts the runs for `len()`, unless the
    filter concerns more than sweeps and states.
    """

    def __init__(
        self,
        service_api: Reader,
        entity: str,
        project: str,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
        api_key: str | None = None,
    ) -> None:
        """List runs, as `Api.runs` does.

        The arguments after the page's size are accepted for programs written for W&B.

        Raises:
            InvalidQueryError: the filter, the order or the page size is invalid.
        """
        del include_sweeps, lazy, api_key
        super().__init__()
        self._reader = service_api.of_entity(entity)
        self.entity = self._reader.entity
        self.project = project
        self.order = order or "+created_at"
        self.per_page = per_page
        self._filter = run_filter(filters)
        self.filters = dict(filters or {})
        self._ordering = ordering(self.order)
        self._page_size = page_size(per_page)
        self._sweeps: list[SweepRecord] | None = None
        self._counted: int | None = None

    def _open(self) -> Iterator[Run]:
        chosen, by = self._filter, self._ordering.by
        if chosen.states == frozenset():
            return iter(())
        records = self._reader.runs(
            self._scope(),
            chosen.states or (),
            self._page_size if by is None else page_size(50),
            newest_first=by is None and self._ordering.is_descending,
        )
        runs = (Run.of(self._reader, read) for read in records)
        passing = runs if chosen.is_exact else (run for run in runs if chosen.matches(run))
        return passing if by is None else iter(self._ordering.sorted(passing))

    def _count(self) -> int:
        if not self._filter.is_exact:
            return super()._count()
        if self._counted is None:
            stats = [sweep.stats for sweep in self._scope()]
            states = self._filter.states
            self._counted = sum(
                one.total_runs if states is None else sum(_COUNTERS[state](one) for state in states)
                for one in stats
            )
        return self._counted

    def _scope(self) -> list[SweepRecord]:
        if self._sweeps is None:
            self._sweeps = self._reader.sweeps_for(self.project, self._filter.sweeps)
        return self._sweeps

    def upgrade_to_full(self) -> None:
        """Do nothing: runs are always read as a whole."""

    def histories(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        format: Literal["default", "pandas", "polars"] = "default",  # noqa: A002
        stream: Literal["default", "system"] = "default",
    ) -> Any:
        """The sampled histories of all these runs, in rows with a `run_id`.

        Args:
            samples: the maximum number of rows of a run.
            keys: return only these metrics, and only rows that have all of them.
            x_axis: a further key of each row, in addition to `keys`.
            format: "default" for a list of dictionaries, "pandas" or "polars" for a DataFrame.
            stream: "system" is empty: the platform records no system metrics.

        Raises:
            MissingPackageError: the package of the format is not installed.
            InvalidQueryError: an argument is invalid.
        """
        if format not in ("default", "pandas", "polars"):
            raise InvalidQueryError(
                f"format must be default, pandas or polars, but is {format!r:.100}"
            )
        table = None if format == "default" else table_package(format)
        rows = [
            {**row, "run_id": run.id}
            for run in self
            for row in run.history(samples, keys, x_axis, False, stream)
        ]
        if table is None:
            return rows
        columns = sorted({key for row in rows for key in row})
        return table.DataFrame({key: [row.get(key) for row in rows] for key in columns})

    def __repr__(self) -> str:
        return f"<Runs {self.entity}/{self.project}>"

"""Calls for what the runs of a sweep say, ready to be plotted, asynchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import analysis_calls, sweep_calls
from wanllmdb._types.analysis import (
    Contour,
    Correlations,
    Edf,
    HypervolumeHistory,
    OptimizationHistory,
    ParallelCoordinates,
    ParameterImportances,
    Slices,
    SweepComparison,
    Timeline,
)
from wanllmdb._types.enums import CorrelationMethod, ImportanceEvaluator


class AsyncAnalysisCalls(AsyncConnection):
    """Calls for what the runs of a sweep say, ready to be plotted."""

    async def get_parallel_coordinates(
        self, sweep_id: str, *, max_rows: int = 0
    ) -> ParallelCoordinates:
        """Columns of a parallel-coordinates plot, at most `max_rows` (1 to 10,000; 0 for 1,000)."""
        return await self._invoke(sweep_calls.get_parallel_coordinates(sweep_id, max_rows))

    async def get_timeline(self, sweep_id: str, *, max_runs: int = 0) -> Timeline:
        """When runs were handed out and ended: `max_runs` (1 to 100,000; 0 for 10,000)."""
        return await self._invoke(sweep_calls.get_timeline(sweep_id, max_runs))

    async def get_parameter_importance(
        self,
        sweep_id: str,
        *,
        evaluator: ImportanceEvaluator | str | None = None,
        metric: str = "",
    ) -> ParameterImportances:
        """How much each parameter matters for the metric; may take a minute.

        `evaluator` None is fANOVA; `metric` may be left out where the sweep has one.

        Raises:
            FailedPreconditionError: NOT_ENOUGH_RUNS: fewer than 2 finished runs;
                NO_METRIC; or SEVERAL_METRICS: name one.
        """
        return await self._invoke(
            analysis_calls.get_parameter_importance(sweep_id, evaluator, metric)
        )

    async def get_optimization_history(
        self, sweep_id: str, *, metric: str = "", max_points: int = 0
    ) -> OptimizationHistory:
        """The objective and the best one so far by run number.

        At most `max_points` (1 to 10,000; 0 for 1,000), every improvement among them.
        """
        return await self._invoke(
            analysis_calls.get_optimization_history(sweep_id, metric, max_points)
        )

    async def get_hypervolume_history(
        self,
        sweep_id: str,
        *,
        reference_point: Mapping[str, float] | None = None,
        max_points: int = 0,
    ) -> HypervolumeHistory:
        """The volume that the Pareto front so far dominates, for several metrics.

        It is measured from `reference_point`, by metric; those left out are a little
        worse than the worst value seen. At most `max_points` (1 to 10,000; 0 for 1,000).

        Raises:
            FailedPreconditionError: NO_METRIC: the sweep has one metric, or none.
        """
        return await self._invoke(
            analysis_calls.get_hypervolume_history(sweep_id, reference_point or {}, max_points)
        )

    async def get_slices(
        self,
        sweep_id: str,
        *,
        parameters: Sequence[str] = (),
        metric: str = "",
        max_points: int = 0,
    ) -> Slices:
        """Each parameter's values beside the objective; all parameters where none is named.

        At most `max_points` runs (1 to 10,000; 0 for 1,000), the best among them.
        """
        return await self._invoke(
            analysis_calls.get_slices(sweep_id, parameters, metric, max_points)
        )

    async def get_contour(
        self,
        sweep_id: str,
        x_parameter: str,
        y_parameter: str,
        *,
        metric: str = "",
        resolution: int = 0,
        max_points: int = 0,
    ) -> Contour:
        """The objective over two parameters, as runs and as a surface between them.

        The surface has `resolution` places along each axis (2 to 200; 0 for 50). At most
        `max_points` runs (1 to 10,000; 0 for 1,000).
        """
        return await self._invoke(
            analysis_calls.get_contour(
                sweep_id, x_parameter, y_parameter, metric, resolution, max_points
            )
        )

    async def get_edf(
        self, sweep_ids: Sequence[str], *, metric: str = "", max_points: int = 0
    ) -> Edf:
        """The share of runs with at most each objective, of 1 to 50 sweeps with one goal.

        At most `max_points` places (2 to 10,000; 0 for 200).
        """
        return await self._invoke(analysis_calls.get_edf(sweep_ids, metric, max_points))

    async def get_correlations(
        self, sweep_id: str, *, method: CorrelationMethod | str | None = None
    ) -> Correlations:
        """The correlations between all parameters and metrics; Pearson's where None."""
        return await self._invoke(analysis_calls.get_correlations(sweep_id, method))

    async def compare_sweeps(
        self, sweep_ids: Sequence[str], *, metric: str = "", max_points: int = 0
    ) -> SweepComparison:
        """The best objective so far of 1 to 50 sweeps with one goal, by run count and by time.

        At most `max_points` points a sweep (2 to 10,000; 0 for 1,000).
        """
        return await self._invoke(analysis_calls.compare_sweeps(sweep_ids, metric, max_points))

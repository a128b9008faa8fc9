# Generated from _async_client/analysis.py by generate_blocking.py; edit that file.
"""Analyses of a sweep's runs, ready to be plotted, blocking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wanllmdb._calls import analysis_calls, sweep_calls
from wanllmdb._client.connection import Connection
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


class AnalysisCalls(Connection):
    """Analyses of a sweep's runs, ready to be plotted."""

    def get_parallel_coordinates(self, sweep_id: str, *, max_rows: int = 0) -> ParallelCoordinates:
        """Columns of a parallel-coordinates plot.

        They have at most `max_rows` rows (1 to 10,000; 0 for 1,000).
        """
        return self._invoke(sweep_calls.get_parallel_coordinates(sweep_id, max_rows))

    def get_timeline(self, sweep_id: str, *, max_runs: int = 0) -> Timeline:
        """The start and end of each run, for at most `max_runs` (1 to 100,000; 0 for 10,000)."""
        return self._invoke(sweep_calls.get_timeline(sweep_id, max_runs))

    def get_parameter_importance(
        self,
        sweep_id: str,
        *,
        evaluator: ImportanceEvaluator | str | None = None,
        metric: str = "",
    ) -> ParameterImportances:
        """The importance of each parameter for the metric. The call may take a minute.

        `evaluator` defaults to fANOVA. `metric` may be omitted if the sweep has exactly one.

        Raises:
            FailedPreconditionError: NOT_ENOUGH_RUNS: the sweep has fewer than 2 finished runs;
                NO_METRIC: it has no metric; SEVERAL_METRICS: `metric` must name one.
        """
        return self._invoke(analysis_calls.get_parameter_importance(sweep_id, evaluator, metric))

    def get_optimization_history(
        self, sweep_id: str, *, metric: str = "", max_points: int = 0
    ) -> OptimizationHistory:
        """The objective and the best objective so far, by run number.

        Returns at most `max_points` points (1 to 10,000; 0 for 1,000), including every
        improvement.
        """
        return self._invoke(analysis_calls.get_optimization_history(sweep_id, metric, max_points))

    def get_hypervolume_history(
        self,
        sweep_id: str,
        *,
        reference_point: Mapping[str, float] | None = None,
        max_points: int = 0,
    ) -> HypervolumeHistory:
        """The volume that the Pareto front so far dominates, for sweeps with several metrics.

        The volume is measured from `reference_point`, a value for each metric; an omitted value
        is slightly worse than the worst value seen. Returns at most `max_points` points (1 to
        10,000; 0 for 1,000).

        Raises:
            FailedPreconditionError: NO_METRIC: the sweep has fewer than two metrics.
        """
        return self._invoke(
            analysis_calls.get_hypervolume_history(sweep_id, reference_point or {}, max_points)
        )

    def get_slices(
        self,
        sweep_id: str,
        *,
        parameters: Sequence[str] = (),
        metric: str = "",
        max_points: int = 0,
    ) -> Slices:
        """Each parameter's values next to the objective; `parameters` defaults to all.

        Returns at most `max_points` runs (1 to 10,000; 0 for 1,000), including the best ones.
        """
        return self._invoke(analysis_calls.get_slices(sweep_id, parameters, metric, max_points))

    def get_contour(
        self,
        sweep_id: str,
        x_parameter: str,
        y_parameter: str,
        *,
        metric: str = "",
        resolution: int = 0,
        max_points: int = 0,
    ) -> Contour:
        """The objective over two parameters: the runs, and a surface interpolated between them.

        The surface has `resolution` points along each axis (2 to 200; 0 for 50). Returns at most
        `max_points` runs (1 to 10,000; 0 for 1,000).
        """
        return self._invoke(
            analysis_calls.get_contour(
                sweep_id, x_parameter, y_parameter, metric, resolution, max_points
            )
        )

    def get_edf(self, sweep_ids: Sequence[str], *, metric: str = "", max_points: int = 0) -> Edf:
        """The empirical distribution function of the objective, for 1 to 50 sweeps.

        The sweeps must have the same goal. Returns at most `max_points` points (2 to 10,000; 0
        for 200).
        """
        return self._invoke(analysis_calls.get_edf(sweep_ids, metric, max_points))

    def get_correlations(
        self, sweep_id: str, *, method: CorrelationMethod | str | None = None
    ) -> Correlations:
        """The correlations between all parameters and metrics; `method` defaults to Pearson."""
        return self._invoke(analysis_calls.get_correlations(sweep_id, method))

    def compare_sweeps(
        self, sweep_ids: Sequence[str], *, metric: str = "", max_points: int = 0
    ) -> SweepComparison:
        """The best objective so far of 1 to 50 sweeps, by run count and by time.

        The sweeps must have the same goal. Returns at most `max_points` points per sweep (2 to
        10,000; 0 for 1,000).
        """
        return self._invoke(analysis_calls.compare_sweeps(sweep_ids, metric, max_points))

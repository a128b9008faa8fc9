"""Responses about parameters: importance, slices, contours, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace
from wanllmdb_common.search_space.plot_axes import Axis, axis_of
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_suggestion.analysis.requests import DEFAULT_POINTS, DEFAULT_RESOLUTION, METHODS
from wanllmdb_suggestion.optimizer.statistics.contour import contour
from wanllmdb_suggestion.optimizer.statistics.correlation import (
    comparable_columns,
    correlation,
    correlations,
    is_number,
    linear_scores,
    ordered_values,
    rank_scores,
    relative_ranks,
)
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns, Floats, ScoredRuns
from wanllmdb_suggestion.optimizer.statistics.objective_curves import Indexes, thinned

# The most values of a response; keeps it below gRPC's 4 MiB.
MAX_VALUES = 400_000
MAX_MATRIX_COLUMNS = 300
# The most points of a contour: ten times those of the finest one over two numbers.
MAX_CONTOUR_POINTS = 400_000


def parameter_importances(
    shares: Sequence[tuple[str, float]], runs: ScoredRuns, space: SearchSpace
) -> pb.GetParameterImportanceResponse:
    """Return each parameter's importance, with its correlations over the same runs."""
    parameters = {parameter.name: parameter for parameter in space.parameters}
    return pb.GetParameterImportanceResponse(
        importances=[_importance(parameters[name], share, runs) for name, share in shares],
        runs_used=len(runs),
    )


def _importance(parameter: Parameter, share: float, runs: ScoredRuns) -> pb.ParameterImportance:
    distribution, positions = parameter.distribution, runs.parameters[parameter.name]
    present = ~np.isnan(positions)
    message = pb.ParameterImportance(name=parameter.name, importance=share, runs=int(present.sum()))
    values = ordered_values(distribution, positions)
    if values is None:
        return message
    values, objectives = values[present], runs.objectives[present]
    ranked = correlation(values, objectives, rank_scores)
    if ranked is not None:
        message.rank_correlation = ranked
    linear = correlation(values, objectives, linear_scores) if is_number(distribution) else None
    if linear is not None:
        message.linear_correlation = linear
    return message


def slices(
    request: pb.GetSlicesRequest, parameters: Sequence[Parameter], runs: ScoredRuns
) -> pb.GetSlicesResponse:
    """Return each parameter's values with the objectives of the runs."""
    ranks = relative_ranks(runs.losses)
    limit = min(request.max_points or DEFAULT_POINTS, MAX_VALUES // (len(parameters) + 3))
    indexes = thinned(len(runs), limit, best_index(runs))
    shown = runs.at(indexes)
    return pb.GetSlicesResponse(
        run_numbers=shown.numbers.tolist(),
        objectives=shown.objectives.tolist(),
        ranks=ranks[indexes].tolist(),
        parameters=[
            _column(parameter, runs.parameters[parameter.name], indexes) for parameter in parameters
        ],
        total_finished_runs=len(runs),
    )


def contour_of(
    request: pb.GetContourRequest, x: Parameter, y: Parameter, runs: ScoredRuns
) -> pb.GetContourResponse:
    """Return the objective as a surface over two parameters."""
    runs = runs.at(~np.isnan(runs.parameters[x.name]) & ~np.isnan(runs.parameters[y.name]))
    indexes = thinned(len(runs), request.max_points or DEFAULT_POINTS, best_index(runs))
    shown = runs.at(indexes)
    xs, ys = runs.parameters[x.name], runs.parameters[y.name]
    x_axis, y_axis = _axis(x, xs), _axis(y, ys)
    resolution = request.resolution or DEFAULT_RESOLUTION
    _check_contour_size(x_axis, y_axis, resolution)
    surface = contour(
        x_axis, y_axis, xs[indexes], ys[indexes], shown.objectives, resolution=resolution
    )
    return pb.GetContourResponse(
        x=_column(x, xs, indexes),
        y=_column(y, ys, indexes),
        run_numbers=shown.numbers.tolist(),
        objectives=shown.objectives.tolist(),
        x_positions=surface.x_positions.tolist(),
        y_positions=surface.y_positions.tolist(),
        surface=surface.surface.ravel().tolist(),
    )


def _check_contour_size(x: Axis, y: Axis, resolution: int) -> None:
    """Raise INVALID_REQUEST if a contour over these axes would have too many points."""
    columns, rows = (len(axis.categories) or resolution for axis in (x, y))
    if columns * rows > MAX_CONTOUR_POINTS:
        raise invalid_request(
            FieldViolation(
                "x_parameter",
                f"a contour of {columns:,} by {rows:,} points is too large, at most "
                f"{MAX_CONTOUR_POINTS:,} are allowed: choose parameters with fewer categories "
                "or a lower resolution",
            )
        )


def correlation_matrix(
    request: pb.GetCorrelationsRequest, runs: FinishedRuns
) -> pb.GetCorrelationsResponse:
    """Return the correlations between all parameters and metrics."""
    columns = comparable_columns(runs, MAX_MATRIX_COLUMNS)
    # Runs without a finite objective do not count.
    scored = ~np.isnan(runs.objectives).all(axis=1)
    matrix = correlations([column.values[scored] for column in columns], METHODS[request.method])
    return pb.GetCorrelationsResponse(
        names=[column.name for column in columns],
        correlations=matrix.values.ravel().tolist(),
        runs=matrix.runs.ravel().tolist(),
    )


def best_index(runs: ScoredRuns) -> Indexes:
    """Return the index of the best run, the first of equals; empty if there are no runs."""
    return np.array([np.argmin(runs.losses)] if len(runs) else [], dtype=np.intp)


def _column(parameter: Parameter, positions: Floats, indexes: Indexes) -> pb.ParameterColumn:
    return pb.ParameterColumn(
        axis=_axis_to_proto(parameter.name, _axis(parameter, positions)),
        values=positions[indexes].tolist(),
    )


def _axis(parameter: Parameter, positions: Floats) -> Axis:
    seen = positions[~np.isnan(positions)]
    return axis_of(
        parameter.distribution, (float(seen.min()), float(seen.max())) if len(seen) else None
    )


def _axis_to_proto(name: str, axis: Axis) -> pb.ParameterAxis:
    return pb.ParameterAxis(
        name=name,
        scale=plots_pb2.AxisScale.Value(f"AXIS_SCALE_{axis.scale}"),
        min=axis.min,
        max=axis.max,
        categories=map(value_to_proto, axis.categories),
    )

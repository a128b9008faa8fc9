"""Answers about parameters: importance, slices, contours, correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wanllmdb.api.registry.v1 import registry_service_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace
from wanllmdb_common.search_space.plot_axes import Axis, axis_of
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_suggestion.analysis.requests import DEFAULT_POINTS, DEFAULT_RESOLUTION, METHODS
from wanllmdb_suggestion.analysis.sizes import check_places
from wanllmdb_suggestion.study.statistics.columns import (
    comparable_columns,
    is_number,
    ordered_values,
)
from wanllmdb_suggestion.study.statistics.contour import contour
from wanllmdb_suggestion.study.statistics.correlation import (
    correlation,
    correlations,
    linear_scores,
    rank_scores,
)
from wanllmdb_suggestion.study.statistics.ranks import relative_ranks
from wanllmdb_suggestion.study.statistics.runs import FinishedRuns, Floats, ScoredRuns
from wanllmdb_suggestion.study.statistics.thinning import Places, thinned

# So many values in one answer keep it below gRPC's 4 MiB.
MAX_VALUES = 400_000
MAX_MATRIX_COLUMNS = 300


def parameter_importances(
    shares: Sequence[tuple[str, float]], runs: ScoredRuns, space: SearchSpace
) -> pb.GetParameterImportanceResponse:
    """Shares, and each parameter's correlations over the same runs."""
    parameters = {parameter.name: parameter for parameter in space.parameters}
    return pb.GetParameterImportanceResponse(
        importances=[_importance(parameters[name], share, runs) for name, share in shares],
        runs_used=len(runs),
    )


def _importance(parameter: Parameter, share: float, runs: ScoredRuns) -> pb.ParameterImportance:
    law, positions = parameter.distribution, runs.parameters[parameter.name]
    present = ~np.isnan(positions)
    message = pb.ParameterImportance(name=parameter.name, importance=share, runs=int(present.sum()))
    values = ordered_values(law, positions)
    if values is None:
        return message
    values, objectives = values[present], runs.objectives[present]
    ranked = correlation(values, objectives, rank_scores)
    if ranked is not None:
        message.rank_correlation = ranked
    linear = correlation(values, objectives, linear_scores) if is_number(law) else None
    if linear is not None:
        message.linear_correlation = linear
    return message


def slices(
    request: pb.GetSlicesRequest, parameters: Sequence[Parameter], runs: ScoredRuns
) -> pb.GetSlicesResponse:
    """Each parameter's values beside the objective."""
    ranks = relative_ranks(runs.losses)
    limit = min(request.max_points or DEFAULT_POINTS, MAX_VALUES // (len(parameters) + 3))
    places = thinned(len(runs), limit, best_place(runs))
    shown = runs.at(places)
    return pb.GetSlicesResponse(
        run_numbers=shown.numbers.tolist(),
        objectives=shown.objectives.tolist(),
        ranks=ranks[places].tolist(),
        parameters=[
            _column(parameter, runs.parameters[parameter.name], places) for parameter in parameters
        ],
        total_finished_runs=len(runs),
    )


def contour_of(
    request: pb.GetContourRequest, x: Parameter, y: Parameter, runs: ScoredRuns
) -> pb.GetContourResponse:
    """The objective over two parameters."""
    runs = runs.at(~np.isnan(runs.parameters[x.name]) & ~np.isnan(runs.parameters[y.name]))
    places = thinned(len(runs), request.max_points or DEFAULT_POINTS, best_place(runs))
    shown = runs.at(places)
    xs, ys = runs.parameters[x.name], runs.parameters[y.name]
    x_axis, y_axis = _axis(x, xs), _axis(y, ys)
    resolution = request.resolution or DEFAULT_RESOLUTION
    check_places(x_axis, y_axis, resolution)
    surface = contour(
        x_axis, y_axis, xs[places], ys[places], shown.objectives, resolution=resolution
    )
    return pb.GetContourResponse(
        x=_column(x, xs, places),
        y=_column(y, ys, places),
        run_numbers=shown.numbers.tolist(),
        objectives=shown.objectives.tolist(),
        x_places=surface.x_places.tolist(),
        y_places=surface.y_places.tolist(),
        surface=surface.surface.ravel().tolist(),
    )


def correlation_matrix(
    request: pb.GetCorrelationsRequest, runs: FinishedRuns
) -> pb.GetCorrelationsResponse:
    """All parameters and metrics with each other."""
    columns = comparable_columns(runs, MAX_MATRIX_COLUMNS)
    # A run without any finite objective does not count.
    scored = ~np.isnan(runs.objectives).all(axis=1)
    matrix = correlations([column.values[scored] for column in columns], METHODS[request.method])
    return pb.GetCorrelationsResponse(
        names=[column.name for column in columns],
        correlations=matrix.values.ravel().tolist(),
        runs=matrix.runs.ravel().tolist(),
    )


def best_place(runs: ScoredRuns) -> Places:
    """The place of the best run, the first of equals; empty where there are no runs."""
    return np.array([np.argmin(runs.losses)] if len(runs) else [], dtype=np.intp)


def _column(parameter: Parameter, positions: Floats, places: Places) -> pb.ParameterColumn:
    return pb.ParameterColumn(
        axis=_axis_to_proto(parameter.name, _axis(parameter, positions)),
        values=positions[places].tolist(),
    )


def _axis(parameter: Parameter, positions: Floats) -> Axis:
    seen = positions[~np.isnan(positions)]
    return axis_of(
        parameter.distribution, (float(seen.min()), float(seen.max())) if len(seen) else None
    )


def _axis_to_proto(name: str, axis: Axis) -> pb.ParameterAxis:
    return pb.ParameterAxis(
        name=name,
        scale=registry_service_pb2.AxisScale.Value(f"AXIS_SCALE_{axis.scale}"),
        min=axis.min,
        max=axis.max,
        categories=map(value_to_proto, axis.categories),
    )

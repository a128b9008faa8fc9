"""The plots of a sweep, each with the call that brings its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wanllmdb._client import Client
    from wanllmdb._types.enums import ImportanceEvaluator
    from wanllmdb._types.sweeps import Sweep

_MOST_BEST_RUNS = 1_000


def history(
    sweep: str | Sweep, *, metric: str = "", max_points: int = 0, client: Client | None = None
) -> Any:
    """Draw each run's objective and the best one so far: Client.get_optimization_history.

    Args:
        sweep: the sweep or its id.
        metric: the metric; may be omitted if the sweep has exactly one.
        max_points: the most runs: 1 to 10,000; 0 for 1,000.
        client: what reads; by default a client by the environment's variables.
    """
    from wanllmdb._plots.figures import history_figure

    with _client(client) as reads:
        answer = reads.get_optimization_history(_id(sweep), metric=metric, max_points=max_points)
    return history_figure(answer, metric)


def importance(
    sweep: str | Sweep,
    *,
    evaluator: ImportanceEvaluator | str | None = None,
    metric: str = "",
    client: Client | None = None,
) -> Any:
    """Draw each parameter's importance: Client.get_parameter_importance.

    Args:
        sweep: the sweep or its id.
        evaluator: fANOVA by default.
        metric: see `history`.
        client: see `history`.
    """
    from wanllmdb._plots.figures import importance_figure

    with _client(client) as reads:
        answer = reads.get_parameter_importance(_id(sweep), evaluator=evaluator, metric=metric)
    return importance_figure(answer)


def parallel(sweep: str | Sweep, *, max_rows: int = 0, client: Client | None = None) -> Any:
    """Draw parallel coordinates: Client.get_parallel_coordinates.

    Args:
        sweep: the sweep or its id.
        max_rows: the most runs: 1 to 10,000; 0 for 1,000.
        client: see `history`.
    """
    from wanllmdb._plots.figures import parallel_figure

    with _client(client) as reads:
        answer = reads.get_parallel_coordinates(_id(sweep), max_rows=max_rows)
    return parallel_figure(answer)


def slice(  # noqa: A001 - Optuna's name of this plot
    sweep: str | Sweep,
    parameters: Sequence[str] = (),
    *,
    metric: str = "",
    max_points: int = 0,
    client: Client | None = None,
) -> Any:
    """Draw the objective over each parameter: Client.get_slices.

    Args:
        sweep: the sweep or its id.
        parameters: their names; all by default.
        metric: see `history`.
        max_points: the most runs: 1 to 10,000; 0 for 1,000.
        client: see `history`.
    """
    from wanllmdb._plots.figures import slice_figure

    with _client(client) as reads:
        answer = reads.get_slices(
            _id(sweep), parameters=parameters, metric=metric, max_points=max_points
        )
    return slice_figure(answer, metric)


def contour(
    sweep: str | Sweep,
    x_parameter: str,
    y_parameter: str,
    *,
    metric: str = "",
    resolution: int = 0,
    client: Client | None = None,
) -> Any:
    """Draw the objective over two parameters: Client.get_contour.

    Args:
        sweep: the sweep or its id.
        x_parameter: the horizontal axis.
        y_parameter: the vertical axis.
        metric: see `history`.
        resolution: points along each axis: 2 to 200; 0 for 50.
        client: see `history`.
    """
    from wanllmdb._plots.figures import contour_figure

    with _client(client) as reads:
        answer = reads.get_contour(
            _id(sweep), x_parameter, y_parameter, metric=metric, resolution=resolution
        )
    return contour_figure(answer, metric)


def pareto(sweep: str | Sweep, *, max_rows: int = 0, client: Client | None = None) -> Any:
    """Draw the runs by two or three metrics, with the Pareto front: Client.get_best_runs.

    The other runs are those of Client.get_parallel_coordinates. Of a front of more than 1,000
    runs, the first 1,000 are drawn.

    Args:
        sweep: the sweep or its id.
        max_rows: the most runs: 1 to 10,000; 0 for 1,000.
        client: see `history`.

    Raises:
        InvalidArgumentError: the sweep has another number of metrics.
    """
    from wanllmdb._plots.figures import pareto_figure

    with _client(client) as reads:
        rows = reads.get_parallel_coordinates(_id(sweep), max_rows=max_rows)
        best = reads.get_best_runs(_id(sweep), count=_MOST_BEST_RUNS)
    return pareto_figure(rows, best)


def timeline(sweep: str | Sweep, *, max_runs: int = 0, client: Client | None = None) -> Any:
    """Draw when each run started and ended: Client.get_timeline.

    Args:
        sweep: the sweep or its id.
        max_runs: the most runs: 1 to 100,000; 0 for 10,000.
        client: see `history`.
    """
    from wanllmdb._plots.figures import timeline_figure

    with _client(client) as reads:
        answer = reads.get_timeline(_id(sweep), max_runs=max_runs)
    return timeline_figure(answer)


def _id(sweep: str | Sweep) -> str:
    return sweep if isinstance(sweep, str) else sweep.sweep_id


@contextmanager
def _client(given: Client | None) -> Iterator[Client]:
    """The given client; else one that is closed after the block."""
    if given is not None:
        yield given
        return
    from wanllmdb._client import Client

    with Client() as client:
        yield client

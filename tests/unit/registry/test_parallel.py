"""The columns of a parallel-coordinates plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from wanllmdb.api.registry.v1 import plots_pb2
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    LogUniform,
    Normal,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.proto_conversion import value_from_proto
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    BestRun,
    Method,
    Metric,
    Parameters,
    RunCounts,
    Sweep,
    SweepSpec,
)
from wanllmdb_registry.domain.reads import FinishedColumns
from wanllmdb_registry.rpc.plot_servicer import ParallelPlot, rows_that_fit

Finished = tuple[int, Parameters, Sequence[float]]

SPACE = SearchSpace(
    (
        Parameter("noise", Normal()),
        Parameter("optimizer/kind", Categorical(("adam", "sgd", None))),
        Parameter(
            "optimizer/momentum", Uniform(0.0, 1.0), (Condition("optimizer/kind", ("sgd",)),)
        ),
        Parameter("z_lr", LogUniform(1e-4, 0.1)),
    )
)


def sweep(*metrics: str, best: int | None = None) -> Sweep:
    return Sweep(
        sweep_id="s",
        project="p",
        name="n",
        description="",
        spec=SweepSpec(
            Method.RANDOM,
            SPACE,
            AlgorithmChoice("random"),
            metrics=tuple(Metric(name) for name in metrics),
        ),
        create_time=datetime.now(UTC),
        update_time=datetime.now(UTC),
        counts=RunCounts(finished=9),
        best=None if best is None else BestRun(best, 0.0, {}),
    )


def parameters(kind: str | None, **more: float) -> Parameters:
    return {"noise": -1.5, "optimizer/kind": kind, "z_lr": 0.01, **more}


def parallel_coordinates(
    of: Sweep, finished: Sequence[Finished], limit: int
) -> plots_pb2.GetParallelCoordinatesResponse:
    plot = ParallelPlot(of)
    half = len(finished) // 2
    plot.add(finished_columns(of, finished[:half]))
    return plot.message(limit, finished_columns(of, finished[half:]))


def finished_columns(of: Sweep, finished: Sequence[Finished]) -> FinishedColumns:
    return FinishedColumns(
        [number for number, *_ in finished],
        [parameters for _, parameters, *_ in finished],
        [
            [objectives[index] for *_, objectives in finished]
            for index in range(len(of.spec.metrics))
        ],
    )


def columns(response: plots_pb2.GetParallelCoordinatesResponse) -> dict[str, list[str]]:
    return {d.name: [f"{value:g}" for value in d.values] for d in response.dimensions}


def test_a_parameter_that_a_run_lacks_is_not_a_number() -> None:
    finished = [
        (0, parameters("adam"), [0.5]),
        (2, parameters("sgd", **{"optimizer/momentum": 0.9}), [0.25]),
        (3, parameters(None), [math.nan]),
    ]
    plot = parallel_coordinates(sweep("loss", best=2), finished, 10)
    assert columns(plot) == {
        "noise": ["-1.5", "-1.5", "-1.5"],
        "optimizer/kind": ["0", "1", "2"],
        "optimizer/momentum": ["nan", "0.9", "nan"],
        "z_lr": ["0.01", "0.01", "0.01"],
        "loss": ["0.5", "0.25", "nan"],
    }
    assert (plot.best_index, list(plot.run_numbers)) == (1, [0, 2, 3])
    assert plot.total_finished_runs == 9
    kind, momentum, lr, loss = plot.dimensions[1:]
    assert [value_from_proto(category) for category in kind.categories] == ["adam", "sgd", None]
    assert (kind.scale, kind.min, kind.max) == (plots_pb2.AXIS_SCALE_CATEGORY, 0, 2)
    assert (momentum.scale, momentum.min, momentum.max) == (plots_pb2.AXIS_SCALE_LINEAR, 0, 1)
    assert (lr.scale, lr.min, lr.max) == (plots_pb2.AXIS_SCALE_LOG, 1e-4, 0.1)
    assert (loss.kind, loss.min, loss.max) == (plots_pb2.AXIS_KIND_METRIC, 0.25, 0.5)
    assert (plot.dimensions[0].min, plot.dimensions[0].max) == (-1.5, -1.5)


def test_each_of_several_metrics_is_an_axis_and_no_run_is_the_best() -> None:
    finished = [
        (0, parameters("adam"), [0.5, 10.0]),
        (1, parameters("adam"), [math.inf, 30.0]),
    ]
    plot = parallel_coordinates(sweep("loss", "seconds"), finished, 10)
    loss, seconds = plot.dimensions[-2:]
    assert (loss.name, list(loss.values), loss.max) == ("loss", [0.5, math.inf], 0.5)
    assert (seconds.name, list(seconds.values)) == ("seconds", [10.0, 30.0])
    assert not plot.HasField("best_index")


def test_a_sample_holds_the_best_run() -> None:
    finished = [(number, parameters("adam"), [1.0]) for number in range(100)]
    plot = parallel_coordinates(sweep("loss", best=57), finished, 10)
    assert len(plot.run_numbers) <= 10
    assert plot.run_numbers[plot.best_index] == 57


def test_without_runs_there_are_axes_all_the_same() -> None:
    plot = parallel_coordinates(sweep("loss"), [], 10)
    assert [d.name for d in plot.dimensions] == [*(p.name for p in SPACE.parameters), "loss"]
    assert (plot.dimensions[0].min, plot.dimensions[0].max) == (0.0, 0.0)


def test_rows_are_as_many_as_a_message_has_room_for() -> None:
    assert rows_that_fit(sweep("loss"), 10_000) == 10_000
    names = [f"metric {i}" for i in range(500)]
    rows = rows_that_fit(sweep(*names), 10_000)
    finished = [(number, parameters("adam"), (0.5,) * 500) for number in range(rows)]
    plot = parallel_coordinates(sweep(*names), finished, rows)
    assert 2**20 < plot.ByteSize() < 2.2 * 2**20

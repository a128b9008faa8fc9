"""Finished runs as columns."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.unit.suggestion.spaces import run
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    LogUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.statistics.finished_runs import RunTable
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Metric,
    RunRecord,
    RunState,
    StudySpec,
)

SPACE = SearchSpace(
    (
        Parameter("fixed", Constant(3)),
        Parameter("lr", LogUniform(1e-4, 1.0)),
        Parameter("momentum", Uniform(0.0, 1.0), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"))),
    )
)


def table(*metrics: Metric) -> RunTable:
    return RunTable(StudySpec(AlgorithmChoice("random"), SPACE, 7, metrics))


def sgd(number: int, objective: float | None, state: RunState = RunState.FINISHED) -> RunRecord:
    point = {"fixed": 3, "lr": 0.1, "momentum": 0.9, "optimizer": "sgd"}
    return run(number, point, state, objective)


def test_columns_by_number() -> None:
    adam = run(1, {"fixed": 3, "lr": 0.01, "optimizer": "adam"}, RunState.FINISHED, 2.0)
    runs = table(Metric("loss")).update({4: sgd(4, 1.0), 1: adam})
    assert runs.numbers.tolist() == [1, 4]
    assert runs.objectives.tolist() == [[2.0], [1.0]]
    assert set(runs.parameters) == {"lr", "momentum", "optimizer"}  # no constants
    assert runs.parameters["lr"].tolist() == [0.01, 0.1]
    assert runs.parameters["optimizer"].tolist() == [0.0, 1.0]
    assert runs.parameters["momentum"].tolist() == pytest.approx([math.nan, 0.9], nan_ok=True)


def test_only_finished_runs_with_finite_objectives_are_scored() -> None:
    metric = Metric("loss", minimize=False)
    runs = table(metric).update(
        {
            0: sgd(0, 3.0),
            1: sgd(1, math.inf),
            2: sgd(2, 5.0, RunState.PRUNED),
            3: sgd(3, None, RunState.FAILED),
            4: sgd(4, math.nan),
            5: sgd(5, 4.0),
        }
    )
    assert runs.numbers.tolist() == [0, 1, 4, 5]
    scored = runs.scored(metric)
    assert scored.numbers.tolist() == [0, 5]
    assert scored.objectives.tolist() == [3.0, 4.0]
    assert scored.losses.tolist() == [-3.0, -4.0]
    assert scored.parameters["lr"].tolist() == [0.1, 0.1]


def test_each_metric_has_its_runs() -> None:
    loss, accuracy = Metric("loss"), Metric("accuracy", minimize=False)
    records = [
        RunRecord(n, RunState.FINISHED, 1, {"lr": 0.1}, None, objectives=objectives)
        for n, objectives in enumerate([(1.0, 0.5), (math.inf, 0.6), (2.0, 0.7)])
    ]
    runs = table(loss, accuracy).update({record.number: record for record in records})
    assert runs.scored(loss).objectives.tolist() == [1.0, 2.0]
    assert runs.scored(accuracy).objectives.tolist() == [0.5, 0.6, 0.7]
    assert runs.scored(accuracy).losses.tolist() == [-0.5, -0.6, -0.7]


def test_runs_that_end_later_are_added_and_earlier_answers_stay() -> None:
    kept = table(Metric("loss"))
    records = {2: sgd(2, 2.0), 0: sgd(0, None, RunState.RUNNING)}
    first = kept.update(records)
    assert kept.update(records) is first
    records[0] = sgd(0, 7.0)
    second = kept.update(records)
    assert (first.numbers.tolist(), second.numbers.tolist()) == ([2], [0, 2])
    assert second.objectives.tolist() == [[7.0], [2.0]]


def test_a_retried_run_leaves_the_columns_and_comes_back_with_its_new_result() -> None:
    kept = table(Metric("loss"))
    records = {0: sgd(0, None), 1: sgd(1, 1.0)}
    assert kept.update(records).numbers.tolist() == [0, 1]
    records[0] = replace(records[0], state=RunState.QUEUED)
    assert kept.update(records).numbers.tolist() == [1]
    records[0] = replace(sgd(0, 0.5), attempt=2)
    assert kept.update(records).objectives.tolist() == [[0.5], [1.0]]
    records[0] = replace(sgd(0, 0.25), attempt=3)
    assert kept.update(records).objectives.tolist() == [[0.25], [1.0]]


def test_what_a_table_serves() -> None:
    kept = table(Metric("loss"))
    spec = StudySpec(AlgorithmChoice("tpe"), SPACE, 8, (Metric("loss"),), run_cap=3)
    assert kept.fits(spec)
    wider = SearchSpace((*SPACE.parameters, Parameter("z", Uniform(0.0, 1.0))))
    assert not kept.fits(StudySpec(AlgorithmChoice("tpe"), wider, 8, (Metric("loss"),)))

"""Failed and running runs inform the model as `impute` and `impute_while_running` say."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.suggestion.imagined_sweep import Ask
from tests.unit.suggestion.spaces import SIX_PARAMETERS, page, run, spec, without_torch
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace, Uniform
from wanllmdb_suggestion.optimizer.imputation import Imputation
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.types import (
    Metric,
    ObjectivePoint,
    RunRecord,
    RunState,
    StudySpec,
)

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

LINE = SearchSpace((Parameter("x", Uniform(0.0, 1.0)), Parameter("y", Uniform(0.0, 1.0))))
WITHOUT = [RunState.FAILED, RunState.LOST, RunState.CANCELED, RunState.FINISHED, RunState.PRUNED]


def imputing(
    sampler: str, space: SearchSpace = LINE, impute: str = "", running: str = "", **options: Any
) -> StudySpec:
    metrics = (Metric("loss", True, impute, running),)
    return replace(spec(sampler, space, options=options), metrics=metrics)


def proposals(a_spec: StudySpec, records: list[RunRecord], points: list[ObjectivePoint]) -> object:
    model = SweepModel(a_spec)
    model.apply(replace(page(9, len(records), *records), points=points))
    return model.propose([Ask(3)], seconds=99)


@pytest.mark.parametrize("state", WITHOUT)
def test_a_run_without_an_objective_is_what_the_strategy_says(state: RunState) -> None:
    points = [ObjectivePoint(0, 1, step, value) for step, value in [(3, 5.0), (1, 2.0), (2, 9.0)]]
    points.append(ObjectivePoint(0, 1, 4, float("nan")))
    points.append(ObjectivePoint(0, 2, 9, 1.0))
    record = RunRecord(0, state, 1, {"x": 0.5, "y": 0.5}, None)
    for strategy, minimize, expected in [
        ("BEST", True, 2.0),
        ("BEST", False, 9.0),
        ("LATEST", True, 5.0),
    ]:
        imputation = Imputation((Metric("loss", minimize, strategy),), counts_pruned=True)
        for point in points[:4]:
            imputation.add(point)
        seen = imputation.seen(record)
        assert (seen.state, seen.objective) == (RunState.FINISHED, expected)
        # Values of another attempt do not count.
        imputation.add(points[4])
        assert imputation.seen(record) == record
    worst = Imputation((Metric("loss", True, "WORST"),), counts_pruned=True)
    assert worst.seen(record) == replace(record, is_worst=True)
    assert (
        Imputation((Metric("loss", True, "", "BEST"),), counts_pruned=True).seen(record) is record
    )


def test_a_run_that_has_an_objective_or_waits_stands_as_it_is() -> None:
    imputation = Imputation((Metric("loss", True, "WORST", "WORST"),), counts_pruned=False)
    ended = RunRecord(0, RunState.FINISHED, 1, {}, 1.0)
    waiting = RunRecord(1, RunState.QUEUED, 1, {}, None)
    assert (imputation.seen(ended), imputation.seen(waiting)) == (ended, waiting)
    # The sampler ignores pruned runs, so the strategy applies.
    assert imputation.seen(replace(ended, state=RunState.PRUNED)).is_worst
    assert imputation.seen(replace(waiting, state=RunState.RUNNING)).is_worst


GP = pytest.param("gp", marks=without_torch)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsga2", GP])
@pytest.mark.parametrize("strategy", ["WORST", "BEST"])
def test_failed_runs_change_what_every_sampler_that_learns_proposes(
    sampler: str, strategy: str
) -> None:
    """Without a strategy such runs are ignored, and proposals are the same as without them."""
    options: dict[str, Any] = {"population_size": 4} if sampler == "nsga2" else {}
    if sampler in ("tpe", "gp"):
        options = {"n_startup_trials": 3}
    chance = random.Random(3)
    a_spec = imputing(sampler, impute=strategy, **options)
    plain = imputing(sampler, **options)
    model, records, points = SweepModel(a_spec), [], []
    differs = False
    for number in range(7 if sampler == "gp" else 14):
        (proposal,) = model.propose([Ask(1)], seconds=99).suggestions[0].proposals
        state = RunState.FAILED if number % 2 else RunState.FINISHED
        record = RunRecord(
            number,
            state,
            1,
            proposal.parameters,
            None if number % 2 else chance.random(),
            sampler_state=proposal.sampler_state,
        )
        records.append(record)
        points.append(ObjectivePoint(number, 1, 0, chance.random()))
        model.apply(replace(page(number + 1, number + 1, record), points=points[-1:]))
        cold = SweepModel(a_spec)
        cold.apply(replace(page(number + 1, number + 1, *records), points=points))
        batch = model.propose([Ask(1)], seconds=99)
        assert cold.propose([Ask(1)], seconds=99) == batch
        other = SweepModel(plain)
        other.apply(replace(page(number + 1, number + 1, *records), points=points))
        differs |= other.propose([Ask(1)], seconds=99) != batch
    assert differs


@pytest.mark.parametrize("sampler", ["tpe", GP])
@pytest.mark.parametrize("strategy", ["WORST", "BEST", "LATEST"])
def test_running_runs_inform_it_by_what_they_reported_so_far(sampler: str, strategy: str) -> None:
    """Values of a running run replace each other: a rebuilt model gets the last one."""
    options: dict[str, Any] = {"n_startup_trials": 3, "constant_liar": False}
    if sampler == "gp":
        del options["constant_liar"]
    a_spec = imputing(sampler, running=strategy, **options)
    ended = [
        run(n, {"x": n / 9, "y": 1 - n / 9}, RunState.FINISHED, abs(n - 4) * 1.0) for n in range(9)
    ]
    going = RunRecord(9, RunState.RUNNING, 1, {"x": 0.9, "y": 0.9}, None)
    warm = SweepModel(a_spec)
    warm.apply(page(1, 10, *ended, going))
    silent = warm.propose([Ask(2)], seconds=99)
    warm.apply(replace(page(2, 10, going), points=[ObjectivePoint(9, 1, 0, -9.0)]))
    warm.apply(replace(page(3, 10, going), points=[ObjectivePoint(9, 1, 0, -5.0)]))
    batch = warm.propose([Ask(2)], seconds=99)
    cold = SweepModel(a_spec)
    cold.apply(replace(page(3, 10, *ended, going), points=[ObjectivePoint(9, 1, 0, -5.0)]))
    assert cold.propose([Ask(2)], seconds=99) == batch
    plain = SweepModel(imputing(sampler, **options))
    plain.apply(page(3, 10, *ended, going))
    assert plain.propose([Ask(2)], seconds=99) != batch
    assert (silent == batch) is (strategy == "WORST")


def test_values_are_asked_for_where_a_strategy_needs_them_alone() -> None:
    assert not SweepModel(imputing("tpe", SIX_PARAMETERS)).needs_points
    assert not SweepModel(imputing("tpe", SIX_PARAMETERS, "WORST", "WORST")).needs_points
    assert SweepModel(imputing("tpe", SIX_PARAMETERS, "LATEST")).needs_points
    assert SweepModel(imputing("tpe", SIX_PARAMETERS, "", "BEST")).needs_points


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_failed_runs_worst_counts_a_run_without_an_objective_too(sampler: str) -> None:
    """A loss that became NaN is as informative about the parameters as a crash."""
    options = {"failed_runs": "worst"} | (
        {"n_startup_trials": 2} if sampler == "tpe" else {"population_size": 3}
    )
    ended = [
        run(n, {"x": n / 9, "y": 1 - n / 9}, RunState.FINISHED, abs(n - 4) * 1.0) for n in range(9)
    ]
    lacking = RunRecord(9, RunState.FINISHED, 1, {"x": 0.5, "y": 0.5}, None)
    a_spec = spec(sampler, LINE, options=options)
    as_failed = proposals(a_spec, [*ended, replace(lacking, state=RunState.FAILED)], [])
    assert proposals(a_spec, [*ended, lacking], []) == as_failed


@pytest.mark.parametrize("state", [*WITHOUT, RunState.RUNNING])
@pytest.mark.parametrize("minimize", [True, False])
@pytest.mark.parametrize("strategy", ["BEST", "LATEST"])
def test_an_ended_run_is_the_same_without_the_values_that_no_longer_count(
    strategy: str, minimize: bool, state: RunState
) -> None:
    chance = random.Random(7)
    odd = [float("nan"), float("inf"), -float("inf"), 0.5]
    for _ in range(50):
        reported = [
            ObjectivePoint(0, 1, chance.randrange(9), chance.choice([*odd, chance.random()]))
            for _ in range(chance.randrange(12))
        ]
        imputation = Imputation((Metric("loss", minimize, strategy, strategy),), counts_pruned=True)
        for point in reported:
            imputation.add(point)
        record = RunRecord(0, state, 1, {"x": 0.5, "y": 0.5}, None)
        before, held = imputation.seen(record), imputation.points
        imputation.settle(record)
        assert imputation.seen(record) == before
        is_open = state in (RunState.LOST, RunState.RUNNING)
        assert imputation.points == held if is_open else imputation.points <= 2
        # The same value again changes nothing; a new attempt starts without values.
        last = {point.step: point for point in reported}
        for point in last.values():
            imputation.add(point)
        assert imputation.seen(record) == before
        imputation.add(ObjectivePoint(0, 2, 0, 3.0))
        assert imputation.points == 1
        assert imputation.seen(replace(record, attempt=2)).objective == 3.0


def test_a_model_holds_little_of_ended_runs_and_nothing_of_those_with_objectives() -> None:
    model = SweepModel(imputing("tpe", impute="BEST", running="LATEST"))
    states = [RunState.FAILED, RunState.FINISHED, RunState.PRUNED, RunState.RUNNING]
    records = [
        RunRecord(n, states[n % 4], 1, {"x": n / 400, "y": 0.5}, 1.0 if n % 4 == 1 else None)
        for n in range(400)
    ]
    points = [ObjectivePoint(n, 1, step, float(step)) for n in range(400) for step in range(100)]
    model.apply(replace(page(9, 400, *records), points=points))
    # Only the values of running runs are kept in full; 20 values count as one run.
    assert model.size == 400 + (100 * 100 + 2 * 200) // 20

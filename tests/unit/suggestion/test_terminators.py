"""Terminators end a sweep by its finished runs alone."""

from __future__ import annotations

import random
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.terminator import MedianErrorEvaluator, RegretBoundEvaluator
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_common.search_space.distributions import Constant, Parameter, SearchSpace, Uniform
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.terminators.terminator import Termination, make_termination
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Metric,
    RunRecord,
    RunState,
    StudySpec,
)

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="torch, of the extra [gp], is not installed"
)

SPACE = SearchSpace((Parameter("c", Constant(1)), Parameter("x", Uniform(0.0, 1.0))))


def termination(
    name: str, space: SearchSpace = SPACE, *, minimize: bool = True, **options: Any
) -> Termination:
    spec = StudySpec(
        AlgorithmChoice("random"),
        space,
        7,
        (Metric("loss", minimize),),
        terminator=AlgorithmChoice(name, options),
    )
    made = make_termination(spec)
    assert made is not None
    return made


def finished(number: int, objective: float, x: float = 0.5) -> RunRecord:
    return RunRecord(number, RunState.FINISHED, 1, {"c": 1, "x": x}, objective)


def ends_after(made: Termination, objectives: list[float]) -> int | None:
    """Return how many finished runs it takes to end the sweep."""
    for number, objective in enumerate(objectives):
        made.observe(finished(number, objective))
        if made.why() is not None:
            return number + 1
    return None


@pytest.mark.parametrize(
    ("options", "objectives", "count"),
    [
        # The first run is the best, followed by three that are no better.
        ({"runs": 3, "min_runs": 1}, [1.0, 2.0, 1.0, 3.0, 0.0], 4),
        ({"runs": 3, "min_runs": 5}, [1.0, 2.0, 1.0, 3.0, 1.5], 5),
        # An improvement restarts the count.
        ({"runs": 3, "min_runs": 1}, [3.0, 4.0, 4.0, 2.0, 5.0, 5.0, 5.0], 7),
        ({"runs": 3, "min_runs": 1}, [5.0, 4.0, 3.0, 2.0, 1.0, 0.0], None),
        # Improvements by less than min_delta add up, relative to the last best that counted.
        ({"runs": 3, "min_runs": 1, "min_delta": 0.5}, [2.0, 1.8, 1.6, 1.4, 1.2, 1.0, 0.8], None),
        ({"runs": 2, "min_runs": 1, "min_delta": 0.5}, [2.0, 1.8, 1.6, 1.4], 3),
    ],
)
def test_no_improvement(
    options: dict[str, Any], objectives: list[float], count: int | None
) -> None:
    assert ends_after(termination("no_improvement", **options), objectives) == count
    mirrored = termination("no_improvement", minimize=False, **options)
    assert ends_after(mirrored, [-objective for objective in objectives]) == count


def test_no_improvement_by_default() -> None:
    assert ends_after(termination("no_improvement"), [1.0] * 50) == 31


def test_no_improvement_in_words() -> None:
    made = termination("no_improvement", runs=2, min_runs=1, min_delta=0.1)
    assert ends_after(made, [3.0, 2.5, 2.45, 2.6]) == 4
    assert made.why() == (
        "no_improvement: none of the last 2 finished runs is better by more than 0.1 than run 1, "
        "whose loss is 2.5"
    )


def test_only_finished_runs_count_and_in_any_order() -> None:
    records = [finished(n, abs(n - 4.0)) for n in range(12)]
    ended = [replace(records[n], state=RunState.PRUNED, objective=None) for n in (5, 6)]
    ended.append(replace(records[7], state=RunState.FAILED, objective=None))
    known = {record.number: record for record in [*records, *ended]}
    answers = set()
    for seed in range(5):
        made = termination("no_improvement", runs=4, min_runs=1)
        shuffled = list(known.values())
        random.Random(seed).shuffle(shuffled)
        for record in shuffled:
            made.observe(record)
            made.why()
        answers.add(made.why())
    assert answers == {
        "no_improvement: none of the last 4 finished runs is better than run 4, whose loss is 0"
    }


def test_a_terminator_is_asked_only_after_a_run_has_finished() -> None:
    asked: list[int] = []

    class Counting:
        def why(self, runs: list[RunRecord]) -> str | None:
            asked.append(len(runs))
            return None

    made = Termination(Counting())
    made.why()
    made.observe(finished(0, 1.0))
    made.why()
    made.why()
    made.observe(finished(0, 1.0))
    made.observe(RunRecord(1, RunState.RUNNING, 1, {}, None))
    made.why()
    assert asked == [1]


def bowl(count: int) -> list[RunRecord]:
    """Return runs that approach the minimum of (x - 0.3)^2."""
    rng = random.Random(5)
    runs = []
    for number in range(count):
        x = rng.random() if number < 15 else 0.3 + rng.gauss(0, 0.02)
        runs.append(finished(number, (x - 0.3) ** 2, x))
    return runs


def by_optuna(runs: list[RunRecord]) -> bool:
    """Return what Optuna's evaluators return for the same runs."""
    trials = [
        FrozenTrial(
            number=run.number,
            trial_id=run.number,
            state=TrialState.COMPLETE,
            value=run.objective,
            datetime_start=None,
            datetime_complete=None,
            params={"x": run.parameters["x"]},
            distributions={"x": FloatDistribution(0.0, 1.0)},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )
        for run in runs
    ]
    minimize = StudyDirection.MINIMIZE
    bound = RegretBoundEvaluator(0.5, 10, seed=ask_seed(7, 0)).evaluate(trials, minimize)
    beginning = MedianErrorEvaluator(
        RegretBoundEvaluator(0.5, 10, seed=ask_seed(7, 0)), 5, 8, 0.02
    ).evaluate(trials, minimize)
    return bool(bound < beginning)


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_regret_bound_is_optuna_s() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    options: dict[str, Any] = {
        "min_runs": 10,
        "warm_up_trials": 5,
        "n_initial_trials": 8,
        "threshold_ratio": 0.02,
    }
    made = termination("regret_bound", **options)
    runs = bowl(40)
    answers = []
    for count, run in enumerate(runs, start=1):
        made.observe(run)
        why = made.why()
        if count % 5 == 0:
            answers.append(why is not None)
            if count >= 13:
                assert answers[-1] == by_optuna(runs[:count])
    assert not answers[1]
    assert answers[-1]
    # A rebuilt terminator gives the same reason, word for word.
    anew = termination("regret_bound", **options)
    for run in reversed(runs):
        anew.observe(run)
    assert anew.why() == made.why()


@needs_torch
@pytest.mark.filterwarnings("ignore")
def test_regret_bound_in_the_metric_s_unit() -> None:
    made = termination("regret_bound", min_runs=20, max_regret=0.5)
    assert ends_after(made, [run.objective or 0.0 for run in bowl(10)]) is None
    made = termination("regret_bound", min_runs=20, max_regret=0.5)
    for run in bowl(30):
        made.observe(run)
    why = made.why()
    assert why is not None
    assert why.startswith(
        "regret_bound: no point of the space is likely to be better than the best of 30 runs by "
        "more than "
    )
    assert why.endswith("of loss, which is less than 0.5")


@needs_torch
def test_regret_bound_of_a_space_without_a_choice_never_ends_a_sweep() -> None:
    made = termination("regret_bound", SearchSpace((Parameter("c", Constant(1)),)), min_runs=2)
    assert ends_after(made, [1.0] * 40) is None

"""Importances of functions with known shares."""

from __future__ import annotations

import asyncio
import math
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.importance import (
    MeanDecreaseImpurityImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)

from tests.unit.suggestion.statistics_data import finished
from wanllmdb_common.computing.fair_threads import Owner
from wanllmdb_common.errors import OverloadedError
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.analysis import computing
from wanllmdb_suggestion.analysis.computing import ImportanceWorker
from wanllmdb_suggestion.optimizer.importance.forest import MAX_DEPTH, TREES
from wanllmdb_suggestion.optimizer.importance.importance import (
    FOREST_SEED,
    MAX_FOREST_RUNS,
    Evaluator,
    ImportanceData,
    importance_data,
    importances,
    runs_for,
)
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler

Direction = Literal["minimize", "maximize"]
Function = Callable[[Mapping[str, Any]], float]

SPACE = SearchSpace(
    (
        Parameter("big", Uniform(0.0, 1.0)),
        Parameter("fixed", Constant("c")),
        Parameter("none", Uniform(0.0, 1.0)),
        Parameter("small", IntUniform(0, 10)),
    )
)

EVERY = pytest.mark.parametrize("evaluator", list(Evaluator))


def nine_to_one(p: Mapping[str, Any]) -> float:
    """Of the variance 9/10 is due to `big`: 3² / 12 against 0.1² * 10."""
    return 3 * float(p["big"]) + math.sqrt(0.75 / 9 / 10) * float(p["small"])


def data_of(
    space: SearchSpace,
    points: list[tuple[Mapping[str, Any], float]],
    evaluator: Evaluator = Evaluator.FANOVA,
    *,
    minimize: bool = True,
) -> ImportanceData:
    runs = finished(space, points, minimize=minimize)
    scored = runs_for(runs.scored(runs.metrics[0]), evaluator)
    return importance_data(scored, space, evaluator)


def data(
    count: int,
    evaluator: Evaluator = Evaluator.FANOVA,
    *,
    space: SearchSpace = SPACE,
    function: Function = nine_to_one,
    minimize: bool = True,
) -> ImportanceData:
    sampler = RandomSampler(space, 3)
    points = [dict(sampler.propose(number)) for number in range(count)]
    return data_of(space, [(p, function(p)) for p in points], evaluator, minimize=minimize)


@EVERY
def test_the_parameter_that_decides_comes_first(evaluator: Evaluator) -> None:
    shares = importances(data(150, evaluator))
    assert shares[0][0] == "big"
    assert shares[0][1] > 0.6
    assert {name for name, _ in shares} == {"big", "none", "small"}  # no constants
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)
    assert all(0 <= share <= 1 for _, share in shares)
    assert [share for _, share in shares] == sorted((s for _, s in shares), reverse=True)


def test_fanova_finds_the_shares_of_the_variance() -> None:
    shares = dict(importances(data(1_000)))
    assert shares["big"] == pytest.approx(0.9, abs=0.03)
    assert shares["small"] == pytest.approx(0.1, abs=0.03)


def study_of(data: ImportanceData, direction: Direction = "minimize") -> optuna.Study:
    study = optuna.create_study(direction=direction)
    for row, loss in enumerate(data.losses.tolist()):
        params: dict[str, Any] = {}
        for name, distribution in data.distributions.items():
            if not math.isnan(data.columns[name][row]):
                number = data.columns[name][row]
                is_float = isinstance(distribution, optuna.distributions.FloatDistribution)
                params[name] = float(number) if is_float else int(number)
        study.add_trial(
            optuna.trial.create_trial(
                params=params,
                distributions={name: data.distributions[name] for name in params},
                value=loss if direction == "minimize" else -loss,
            )
        )
    return study


def normalized(found: Mapping[str, float]) -> dict[str, float]:
    return {name: value / sum(found.values()) for name, value in found.items()}


def test_mean_decrease_impurity_is_optuna_s() -> None:
    """Compared on equal columns: continuous parameters in [0, 1], and categories."""
    space = SearchSpace(
        (
            Parameter("c", Categorical(("x", "y", "z"))),
            Parameter("u", Uniform(0.0, 1.0)),
            Parameter("v", Uniform(0.0, 1.0)),
        )
    )
    given = data(
        80,
        Evaluator.MEAN_DECREASE_IMPURITY,
        space=space,
        function=lambda p: p["u"] + (p["c"] == "y") * p["v"],
    )
    given = replace(given, losses=given.losses / np.abs(given.losses).max())
    evaluator = MeanDecreaseImpurityImportanceEvaluator(
        n_trees=TREES, max_depth=MAX_DEPTH, seed=FOREST_SEED
    )
    theirs = normalized(evaluator.evaluate(study_of(given)))
    assert dict(importances(given)) == pytest.approx(theirs)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_ped_anova_is_optuna_s(direction: Direction) -> None:
    space = SearchSpace(
        (
            Parameter("c", Categorical(("x", "y", "z"))),
            Parameter("k", IntLogUniform(1, 100)),
            Parameter("lr", LogUniform(1e-4, 1.0)),
            Parameter("n", IntUniform(1, 9, 2)),
            Parameter("q", Uniform(0.0, 1.0, 0.25)),
        )
    )

    def function(p: Mapping[str, Any]) -> float:
        return float(abs(math.log10(p["lr"]) + 2) + 0.1 * p["n"] + (p["c"] == "y"))

    given = data(
        120,
        Evaluator.PED_ANOVA,
        space=space,
        function=function,
        minimize=direction == "minimize",
    )
    theirs = normalized(PedAnovaImportanceEvaluator().evaluate(study_of(given, direction)))
    assert dict(importances(given)) == pytest.approx(theirs)


CONDITIONAL = SearchSpace(
    (
        Parameter("beta", Uniform(0.0, 1.0), (Condition("optimizer", ("adam",)),)),
        Parameter("lr", LogUniform(1e-4, 1.0)),
        Parameter("momentum", Uniform(0.0, 1.0), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"))),
    )
)


def conditional_data(count: int, evaluator: Evaluator, function: Function) -> ImportanceData:
    draw = np.random.default_rng(5)
    points: list[tuple[Mapping[str, Any], float]] = []
    for _ in range(count):
        point: dict[str, Any] = {
            "lr": 10 ** draw.uniform(-4, 0),
            "optimizer": ("adam", "sgd")[draw.integers(2)],
        }
        point["beta" if point["optimizer"] == "adam" else "momentum"] = draw.random()
        points.append((point, function(point)))
    return data_of(CONDITIONAL, points, evaluator)


@EVERY
def test_a_conditional_parameter_that_matters_is_found(evaluator: Evaluator) -> None:
    def function(p: Mapping[str, Any]) -> float:
        # Without momentum what it gives on average, so that the optimizers are alike.
        return float(4 * abs(p.get("momentum", 0.75) - 0.5) + 0.2 * math.log10(p["lr"]))

    shares = dict(importances(conditional_data(400, evaluator, function)))
    assert max(shares, key=lambda name: shares[name]) == "momentum"
    assert shares["beta"] < 0.1
    assert math.fsum(shares.values()) == pytest.approx(1.0)


@EVERY
def test_conditional_parameters_do_not_take_what_their_condition_decides(
    evaluator: Evaluator,
) -> None:
    def function(p: Mapping[str, Any]) -> float:
        return float(p["optimizer"] == "sgd") + 0.1 * math.log10(p["lr"])

    shares = dict(importances(conditional_data(400, evaluator, function)))
    # Among the best tenth alone, which are all adam's, lr matters most.
    assert shares["optimizer"] > (0.04 if evaluator is Evaluator.PED_ANOVA else 0.6)
    assert shares["momentum"] < 0.1
    assert shares["beta"] < 0.1


def test_fanova_counts_a_branch_by_its_variance() -> None:
    """Within sgd, half of the runs, 12 * 1/12 is momentum's: 1/2; optimizer's is 1/4."""

    def function(p: Mapping[str, Any]) -> float:
        return float(math.sqrt(12) * (p.get("momentum", 0.5) - 0.5) + (p["optimizer"] == "sgd"))

    shares = dict(importances(conditional_data(1_000, Evaluator.FANOVA, function)))
    assert shares["momentum"] == pytest.approx(2 / 3, abs=0.06)
    assert shares["optimizer"] == pytest.approx(1 / 3, abs=0.06)


@EVERY
def test_a_parameter_that_one_run_or_none_has(evaluator: Evaluator) -> None:
    points: list[tuple[Mapping[str, Any], float]] = [
        ({"lr": 0.1 * (i + 1), "optimizer": "adam", "beta": 0.1 * i}, i * 1.0) for i in range(9)
    ]
    shares = dict(importances(data_of(CONDITIONAL, points, evaluator)))
    assert shares["momentum"] == 0.0
    points.append(({"lr": 0.5, "optimizer": "sgd", "momentum": 0.5}, 3.0))
    shares = dict(importances(data_of(CONDITIONAL, points, evaluator)))
    assert shares["momentum"] == 0.0
    assert math.fsum(shares.values()) == pytest.approx(1.0)


@EVERY
def test_two_runs_are_enough(evaluator: Evaluator) -> None:
    shares = importances(data(2, evaluator))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)


@pytest.mark.parametrize("evaluator", [Evaluator.FANOVA, Evaluator.MEAN_DECREASE_IMPURITY])
def test_an_objective_that_never_varies_makes_all_alike(evaluator: Evaluator) -> None:
    shares = importances(data(10, evaluator, function=lambda _: 1.0))
    assert shares == [("big", 1 / 3), ("none", 1 / 3), ("small", 1 / 3)]


@EVERY
def test_a_single_parameter_has_all(evaluator: Evaluator) -> None:
    space = SearchSpace((Parameter("big", Uniform(0.0, 1.0)), Parameter("c", Constant(1))))
    shares = importances(data(25, evaluator, space=space, function=lambda p: float(p["big"])))
    assert shares == [("big", 1.0)]


def test_no_parameter_has_none() -> None:
    space = SearchSpace((Parameter("c", Constant(1)),))
    assert importances(data(5, space=space, function=lambda _: 1.0)) == []


@EVERY
def test_values_between_steps_and_at_the_ends_of_integers_do_no_harm(evaluator: Evaluator) -> None:
    space = SearchSpace(
        (
            Parameter("huge", IntUniform(-(2**63), 2**63 - 1)),
            Parameter("normal", Normal(0.0, 1.0)),
            Parameter("steps", IntUniform(0, 10, 5)),
            Parameter("stepped", Uniform(0.0, 1.0, 0.5)),
        )
    )
    points: list[tuple[Mapping[str, Any], float]] = [
        (
            {"huge": 2**63 - 1 - n * 2**61, "normal": 1e9 * n, "steps": n, "stepped": n / 7},
            n * 1e300,
        )
        for n in range(7)
    ]
    shares = importances(data_of(space, points, evaluator))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)


def test_the_same_runs_give_the_same_answer() -> None:
    assert importances(data(20)) == importances(data(20))
    assert data(20).digest() == data(20).digest()
    assert data(20).digest() != data(21).digest()
    assert data(20).digest() != data(20, Evaluator.PED_ANOVA).digest()


def test_forests_use_the_latest_runs() -> None:
    runs = finished(SPACE, [({"big": 0.5, "none": 0.5, "small": 1}, 1.0)] * 1_010)
    scored = runs.scored(runs.metrics[0])
    assert len(runs_for(scored, Evaluator.PED_ANOVA)) == 1_010
    for evaluator in (Evaluator.FANOVA, Evaluator.MEAN_DECREASE_IMPURITY):
        used = runs_for(scored, evaluator)
        assert (len(used), used.numbers[0], used.numbers[-1]) == (MAX_FOREST_RUNS, 10, 1_009)


@settings(max_examples=15)
@given(
    st.sampled_from(Evaluator),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1), st.booleans(), st.integers(-9, 9)),
        min_size=2,
        max_size=30,
    ),
)
def test_shares_sum_to_one(evaluator: Evaluator, rows: list[tuple[int, int, bool, int]]) -> None:
    points: list[tuple[Mapping[str, Any], float]] = []
    for lr, optimizer, high, objective in rows:
        point: dict[str, Any] = {"lr": 10.0**-lr, "optimizer": ("adam", "sgd")[optimizer]}
        point["momentum" if optimizer else "beta"] = 0.9 if high else 0.1
        points.append((point, float(objective)))
    shares = importances(data_of(CONDITIONAL, points, evaluator))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)
    assert all(share >= 0 for _, share in shares)


OWNER = Owner("sweep", "project")


async def test_the_worker_answers_from_its_own_process_and_keeps_answers() -> None:
    worker = ImportanceWorker()
    try:
        both = await asyncio.gather(
            worker.compute(data(12), OWNER), worker.compute(data(12), OWNER)
        )
        assert both[0] == both[1] == importances(data(12))
        assert await worker.compute(data(12), OWNER) is both[0]
    finally:
        worker.close()


async def test_the_event_loop_goes_on_while_the_worker_computes() -> None:
    worker = ImportanceWorker()
    try:
        await worker.compute(data(3), OWNER)
        task = asyncio.create_task(worker.compute(data(600), OWNER))
        turns = 0
        while not task.done():
            await asyncio.sleep(0.005)
            turns += 1
        # A computation on the loop would leave one.
        assert turns > 3
    finally:
        worker.close()


async def test_the_worker_survives_the_death_of_its_process() -> None:
    worker = ImportanceWorker()
    try:
        await worker.compute(data(5), OWNER)
        assert worker._pid is not None
        os.kill(worker._pid, signal.SIGKILL)
        assert await worker.compute(data(6), OWNER) == importances(data(6))
    finally:
        worker.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until_ended(pid: int) -> None:
    async with asyncio.timeout(60):
        while is_alive(pid):  # noqa: ASYNC110  # no event reports a process that is not ours
            await asyncio.sleep(0.01)


async def test_a_computation_ends_with_its_process_when_its_callers_have_gone() -> None:
    worker = ImportanceWorker()
    try:
        await worker.compute(data(5), OWNER)
        pid = worker._pid
        assert pid is not None
        large = data(900)
        tasks = [asyncio.create_task(worker.compute(large, OWNER)) for _ in range(2)]
        tasks.append(asyncio.create_task(worker.compute(data(899), Owner("other"))))
        for _ in range(5):
            await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        assert is_alive(pid)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until_ended(pid)
        assert await worker.compute(data(6), OWNER) == importances(data(6))
    finally:
        worker.close()


async def test_the_start_of_the_process_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    # The start takes seconds, the computation a tenth of one.
    monkeypatch.setattr(computing, "MAX_SECONDS", 1.5)
    worker = ImportanceWorker()
    try:
        assert await worker.compute(data(5), OWNER) == importances(data(5))
    finally:
        worker.close()


async def test_a_computation_that_takes_too_long_is_refused_and_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = ImportanceWorker()
    try:
        await worker.compute(data(5), OWNER)
        pid = worker._pid
        assert pid is not None
        # A stopped process computes for ever, so the limit ends a computation that has begun.
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(computing, "MAX_SECONDS", 2.0)
        with pytest.raises(OverloadedError, match="exceeded its limit"):
            await worker.compute(data(6), OWNER)
        await until_ended(pid)
    finally:
        worker.close()

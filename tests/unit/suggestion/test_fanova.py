"""fANOVA against Optuna's, a full enumeration, and functions solved by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.importance import FanovaImportanceEvaluator
from sklearn.ensemble import RandomForestRegressor

from wanllmdb_suggestion.optimizer.importance.fanova import main_effects
from wanllmdb_suggestion.optimizer.importance.forest import MAX_DEPTH, TREES, Block
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats

SEED = 5


def test_numbers_have_the_shares_that_optuna_finds() -> None:
    rng = np.random.default_rng(1)
    points = rng.random((60, 3))
    objectives = 3 * points[:, 0] + np.sin(9 * points[:, 1]) + points[:, 0] * points[:, 2]
    study = optuna.create_study()
    space = {name: FloatDistribution(0, 1) for name in "abc"}
    for point, objective in zip(points, objectives, strict=True):
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip("abc", point.tolist(), strict=True)),
                distributions=dict(space),
                value=float(objective),
            )
        )
    theirs: dict[str, Any] = FanovaImportanceEvaluator(seed=SEED).evaluate(study)
    ours = main_effects(points, objectives, [Block(i) for i in range(3)], SEED)
    assert ours.tolist() == pytest.approx([theirs[name] for name in "abc"], rel=1e-6)


def one_hot(choices: list[tuple[int, ...]], sizes: list[int]) -> Floats:
    return np.array(
        [np.concatenate([np.eye(n)[c] for c, n in zip(row, sizes, strict=True)]) for row in choices]
    )


def test_categories_have_the_shares_of_a_full_enumeration() -> None:
    sizes = [3, 4, 2]
    rng = np.random.default_rng(2)
    rows = [tuple(int(rng.integers(n)) for n in sizes) for _ in range(40)]
    points = one_hot(rows, sizes)
    objectives = np.array([a * 2.0 + (b == 1) * 3 + a * c for a, b, c in rows])
    blocks = [Block(0, 3), Block(3, 4), Block(7, 2)]

    every = list(itertools.product(*map(range, sizes)))
    forest = RandomForestRegressor(n_estimators=TREES, max_depth=MAX_DEPTH, random_state=SEED)
    forest.fit(points, objectives)
    shares = []
    for tree in forest:
        cube = tree.predict(one_hot(every, sizes)).reshape(sizes)
        others = [(1, 2), (0, 2), (0, 1)]
        shares.append([cube.mean(axis=axes).var() / cube.var() for axes in others])
    expected = np.mean(shares, axis=0)
    assert main_effects(points, objectives, blocks, SEED).tolist() == pytest.approx(
        expected.tolist()
    )


def test_numbers_and_categories_together() -> None:
    """y = 2x + category: variances 4/12 and 2/3 on x in [0, 1] and categories 0, 1, 2."""
    rng = np.random.default_rng(3)
    x = rng.random(800)
    category = rng.integers(0, 3, 800)
    points = np.concatenate([x[:, np.newaxis], np.eye(3)[category]], axis=1)
    shares = main_effects(points, 2 * x + category, [Block(0), Block(1, 3)], SEED)
    assert shares.tolist() == pytest.approx([1 / 3, 2 / 3], abs=0.02)


def test_an_interaction_is_nobody_s() -> None:
    rng = np.random.default_rng(4)
    points = rng.random((800, 2))
    shares = main_effects(
        points,
        np.sign(points[:, 0] - 0.5) * np.sign(points[:, 1] - 0.5),
        [Block(0), Block(1)],
        SEED,
    )
    assert shares.sum() < 0.1


def test_a_constant_objective_has_no_shares() -> None:
    points = np.random.default_rng(5).random((10, 2))
    assert main_effects(points, np.ones(10), [Block(0), Block(1)], SEED).tolist() == [0.0, 0.0]

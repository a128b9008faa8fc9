"""Densities and draws of our Parzen estimators against those of Optuna."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import TPESampler
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator

from wanllmdb_suggestion.optimizer.optuna_internals import default_weights
from wanllmdb_suggestion.optimizer.samplers.parzen import (
    ParzenEstimator,
    SampledEstimator,
    recent_weights,
)
from wanllmdb_suggestion.optimizer.samplers.parzen_kernels import Kernels, ParzenSpace

DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "real": FloatDistribution(-3.0, 5.0),
    "log": FloatDistribution(1e-5, 1e-1, log=True),
    "steps": FloatDistribution(0.0, 0.5, step=0.1),
    "integer": IntDistribution(1, 9, step=2),
    "log integer": IntDistribution(1, 512, log=True),
    "fine integer": IntDistribution(0, 100_000),
    "category": CategoricalDistribution((0, 1, 2, 3)),
    "coin": CategoricalDistribution((0, 1)),
}
Floats = NDArray[np.float64]


def points(random: np.random.RandomState, count: int) -> Floats:
    """Return points, half of which lie close together."""
    columns = []
    for distribution in DISTRIBUTIONS.values():
        if isinstance(distribution, CategoricalDistribution):
            columns.append(random.randint(0, len(distribution.choices), count).astype(float))
            continue
        assert isinstance(distribution, FloatDistribution | IntDistribution)
        low, high, step = distribution.low, distribution.high, distribution.step
        if distribution.log:
            values = np.exp(random.uniform(np.log(low), np.log(high), count))
        else:
            values = random.uniform(low, high, count)
        dense = low + (high - low) * 0.3 + (values - low) * 0.01
        values = np.where(random.rand(count) < 0.5, values, dense)
        if step:
            values = np.clip(low + np.round((values - low) / step) * step, low, high)
        columns.append(values)
    return np.array(columns).reshape(len(DISTRIBUTIONS), count).T


def named(values: Floats) -> dict[str, Floats]:
    return {name: values[:, column] for column, name in enumerate(DISTRIBUTIONS)}


def estimators(runs: Floats) -> tuple[ParzenEstimator, _ParzenEstimator]:
    """Return our estimator over the runs, and that of Optuna."""
    space = ParzenSpace(list(DISTRIBUTIONS.values()))
    ours = ParzenEstimator(space, runs, default_weights(len(runs)), len(runs))
    settings = TPESampler(seed=0)._parzen_estimator_parameters
    return ours, _ParzenEstimator(named(runs), DISTRIBUTIONS, settings)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 24, 25, 26, 97, 98, 300, 1_000])
def test_densities_are_those_of_optuna(count: int) -> None:
    random = np.random.RandomState(count)
    ours, theirs = estimators(points(random, count))
    near = ours.draw(np.random.RandomState(1), 24)
    for candidates in (near, points(random, 50)):
        assert ours.log_density(candidates) == pytest.approx(
            theirs.log_pdf(named(candidates)), abs=1e-9
        )


@pytest.mark.parametrize("count", [0, 1, 2, 25])
def test_draws_are_those_of_optuna(count: int) -> None:
    ours, theirs = estimators(points(np.random.RandomState(count), count))
    drawn = ours.draw(np.random.RandomState(7), 200)
    assert named(drawn) == {
        name: pytest.approx(values, rel=1e-9)
        for name, values in theirs.sample(np.random.RandomState(7), 200).items()
    }


def test_kernels_on_the_bounds_and_beside_all_candidates_have_densities() -> None:
    """Runs at both ends of each range, and candidates that are far from all of them."""
    ends = np.array(
        [
            [getattr(d, end, choice) for d in DISTRIBUTIONS.values()]
            for end, choice in (("low", 0), ("high", 1))
        ],
        dtype=float,
    )
    runs = np.repeat(ends, 60, axis=0)
    ours, theirs = estimators(runs)
    candidates = np.concatenate([ends, ends.mean(axis=0, keepdims=True).round(1)])
    candidates[-1, 3] = 5.0
    densities = ours.log_density(candidates)
    assert np.isfinite(densities).all()
    assert densities == pytest.approx(theirs.log_pdf(named(candidates)), abs=1e-9)


def test_steps_far_finer_than_bandwidths_have_densities() -> None:
    """The mass of one step among 2^62 is below the resolution of a difference of masses."""
    space = ParzenSpace([IntDistribution(0, 2**62)])
    runs = np.array([[2.0**60], [2.0**61]])
    ours = ParzenEstimator(space, runs, np.ones(2), 2)
    near, far = ours.log_density(np.array([[2.0**60], [2.0**62]]))
    assert -60 < far < near < -40


def test_a_sample_of_runs_has_the_bandwidths_of_all() -> None:
    """A category that no run of the sample has is as likely as among all runs."""
    space = ParzenSpace([CategoricalDistribution((0, 1))])
    runs = np.zeros((10, 1))
    few = ParzenEstimator(space, runs, np.ones(10), 10)
    many = ParzenEstimator(space, runs, np.full(10, 100.0), 1_000)
    seldom = np.array([[1.0]])
    assert many.log_density(seldom)[0] < few.log_density(seldom)[0] - 3


@pytest.mark.parametrize("running", [0, 1, 30])
def test_the_density_of_a_sample_is_nearly_that_of_all(running: int) -> None:
    """It is kept without the running runs, and differs by less than the choice of a winner."""
    random = np.random.RandomState(running)
    runs, others = points(random, 3_000), points(random, running)
    space = ParzenSpace(list(DISTRIBUTIONS.values()))
    together = np.concatenate([runs, others])
    exact = ParzenEstimator(space, together, default_weights(len(together)), len(together))
    kept = SampledEstimator(space, runs, np.ones(len(runs)))
    candidates = exact.draw(np.random.RandomState(1), 200)
    apart = np.abs(kept.log_density(candidates, others) - exact.log_density(candidates))
    assert np.median(apart) < 1e-3
    # In Optuna, a running run narrows the kernels beside it, and of runs with the same value it
    # changes which ones have the wide kernels.
    assert np.mean(apart > 2e-3) <= (0.2 if running else 0.0)


def test_a_running_run_is_avoided_in_a_kept_density() -> None:
    random = np.random.RandomState(3)
    runs, candidates = points(random, 2_500), points(random, 5)
    kept = SampledEstimator(ParzenSpace(list(DISTRIBUTIONS.values())), runs, np.ones(len(runs)))
    before = kept.log_density(candidates, candidates[:0])
    after = kept.log_density(candidates, candidates[:1])
    assert after[0] > before[0] + 3
    assert after[1:] == pytest.approx(before[1:], abs=1e-2)


@pytest.mark.parametrize("runs", [27, 100, 3_000])
def test_weights_of_runs_in_order_are_those_of_optuna(runs: int) -> None:
    found = recent_weights(np.arange(runs, dtype=float), runs)
    assert found == pytest.approx(default_weights(runs), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_kernels_that_take_over_earlier_ones_have_the_same_bits(seed: int) -> None:
    """Otherwise, a warm model could propose other points than a rebuilt one."""
    random = np.random.RandomState(seed)
    space = ParzenSpace(list(DISTRIBUTIONS.values()))
    together = points(random, 500)
    candidates = points(random, 24)
    is_there = np.arange(500) < 300
    before: Kernels | None = None
    for changes in [1] * 40 + [5] * 10 + [60] * 3 + [0] + [400, 1]:
        # Runs come, mostly as the last ones, and leave.
        for number in random.randint(0, 500, changes // 2):
            is_there[number] = not is_there[number]
        is_there[np.flatnonzero(~is_there)[: (changes + 1) // 2]] = True
        ids = np.flatnonzero(is_there)
        options = {"is_fine": space.is_fine} if seed % 2 else {}
        taken = Kernels(space, together[ids], len(ids), ids=ids, before=before, **options)
        made = Kernels(space, together[ids], len(ids), ids=ids, **options)
        assert np.array_equal(taken.log_masses, made.log_masses)
        assert np.array_equal(taken.log_densities(candidates), made.log_densities(candidates))
        before = taken


@pytest.mark.parametrize("known", [0, 1, 300])
def test_kernels_after_few_others_have_the_same_bits(known: int) -> None:
    random = np.random.RandomState(known)
    space = ParzenSpace(list(DISTRIBUTIONS.values()))
    runs, candidates = points(random, 300), points(random, 5)
    before = Kernels(space, runs[:known], known)
    taken = Kernels(space, runs, 300, before=before)
    made = Kernels(space, runs, 300)
    assert np.array_equal(taken.log_densities(candidates), made.log_densities(candidates))

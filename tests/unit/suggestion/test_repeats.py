"""Random search over a discrete space repeats points according to their distribution."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from scipy import stats

from tests.unit.suggestion.imagined_sweep import Ask, ImaginedSweep
from tests.unit.suggestion.spaces import spec
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntUniform,
    LogUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.samplers.make_sampler import make_sampler
from wanllmdb_suggestion.optimizer.types import RunRecord, RunState

# 1,001 points, of which the first hundred have two thirds of the probability.
QUANTIZED = SearchSpace((Parameter("lr", LogUniform(0.1, 100.1, 0.1)),))


def points_of(
    space: SearchSpace, runs: int, sampler: str = "random", **options: Any
) -> list[Mapping[str, Any]]:
    sampling = make_sampler(spec(sampler, space, options=options))
    points = []
    for number in range(runs):
        point = sampling.propose(number)
        assert point is not None
        sampling.observe(RunRecord(number, RunState.FINISHED, 1, point, 1.0))
        points.append(point)
    return points


def repeats(points: list[Mapping[str, Any]]) -> int:
    return len(points) - len({json.dumps(point, sort_keys=True) for point in points})


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_a_concentrated_distribution_is_sampled_as_the_config_names_it(sampler: str) -> None:
    values = sorted(point["lr"] for point in points_of(QUANTIZED, 4_000, sampler))
    true = stats.loguniform(0.1, 100.1)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        # One step either way, plus the deviation of a sample's quantile.
        assert values[int(share * 4_000)] == pytest.approx(true.ppf(share), rel=0.1, abs=0.1)
    greatest = max(
        abs((place + 1) / 4_000 - true.cdf(value + 0.05))
        for place, value in enumerate(values)
        if place + 1 == len(values) or values[place + 1] != value
    )
    assert greatest < 0.02


def test_some_hundred_runs_follow_a_concentrated_distribution_too() -> None:
    """The median of 400 independent draws lies between 2.2 and 4.5 in 99 of 100 samples."""
    values = sorted(point["lr"] for point in points_of(QUANTIZED, 400))
    assert 2.2 < values[200] < 5.0


@pytest.mark.parametrize("size", [10, 100, 1_000])
def test_equally_likely_points_come_without_repeats_until_most_were_tried(size: int) -> None:
    space = SearchSpace((Parameter("a", IntUniform(1, size)),))
    points = points_of(space, size)
    assert repeats(points[: size // 2]) == 0
    assert repeats(points[: size * 8 // 10]) <= size / 40 + 1
    # Independent draws would repeat 37 of 100.
    assert repeats(points) < size / 8


def test_points_of_a_space_that_is_used_up_come_again_as_often_as_each_other() -> None:
    space = SearchSpace((Parameter("a", IntUniform(1, 5)), Parameter("b", Categorical(("x", "y")))))
    counts = Counter(json.dumps(point) for point in points_of(space, 100))
    assert len(counts) == 10
    assert max(counts.values()) - min(counts.values()) <= 3


def test_categories_come_by_their_probabilities() -> None:
    space = SearchSpace((Parameter("kind", Categorical(("a", "b", "c"), (0.9, 0.08, 0.02))),))
    counts = Counter(point["kind"] for point in points_of(space, 500))
    assert counts == {
        "a": pytest.approx(450, abs=15),
        "b": pytest.approx(40, abs=12),
        "c": pytest.approx(10, abs=6),
    }


def test_a_distribution_holds_within_constraints() -> None:
    """A quarter of 1,000 points meets the constraints; low values are likelier among them."""
    space = SearchSpace(
        (
            Parameter("a", LogUniform(1.0, 100.0, 1.0)),
            Parameter("b", Uniform(0.0, 0.9, 0.1)),
        ),
        ("b * 100 < 30", "a < 50"),
    )
    values = [math.log(point["a"]) for point in points_of(space, 2_000)]
    within = stats.loguniform(1.0, 49.5)
    share = sum(value < math.log(7.5) for value in values) / 2_000
    assert share == pytest.approx(within.cdf(7.5), abs=0.03)


def test_a_distribution_holds_where_parameters_have_conditions() -> None:
    space = SearchSpace(
        (
            Parameter("kind", Categorical(("adam", "sgd"), (0.8, 0.2))),
            Parameter("momentum", IntUniform(1, 9), (Condition("kind", ("sgd",)),)),
        )
    )
    points = points_of(space, 200)
    assert sum(point["kind"] == "adam" for point in points) == pytest.approx(160, abs=12)
    counts = Counter(point["momentum"] for point in points if "momentum" in point)
    assert len(counts) == 9


def test_false_repeats_nothing_and_true_draws_independently() -> None:
    assert repeats(points_of(QUANTIZED, 1_001, allow_duplicates=False)) == 0
    uniform = SearchSpace((Parameter("a", IntUniform(1, 100)),))
    assert repeats(points_of(uniform, 100, allow_duplicates=True)) > 25


def test_a_model_that_was_built_again_repeats_the_same_points() -> None:
    a_spec = spec("random", QUANTIZED)
    sweep, warm = ImaginedSweep(), SweepModel(a_spec)
    while len(sweep.runs) < 120:
        sweep.sync(warm)
        cold = SweepModel(a_spec)
        sweep.sync(cold)
        asks = [Ask(3), Ask(2)]
        batch = warm.propose(asks, seconds=99)
        assert batch == cold.propose(asks, seconds=99)
        for record in sweep.hand_out(batch):
            if record.number % 2:
                sweep.end(record, RunState.FINISHED, 1.0)
    assert repeats([dict(record.parameters) for record in sweep.runs.values()]) > 0

"""The columns of observations against a plain list of runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_suggestion.optimizer.samplers.tpe_columns import MOST_ENDED, Kind
from wanllmdb_suggestion.optimizer.samplers.tpe_observations import (
    NEXT_BEST,
    SAMPLED,
    Observation,
    Observations,
)

LOSSES = st.sampled_from([0.0, 1.0, 2.0, -1.0, math.inf])


@st.composite
def observed(draw: st.DrawFn) -> Observation:
    kind = draw(st.sampled_from(Kind))
    point = np.array([draw(st.integers(0, 9)), 1.0])
    if kind is Kind.COMPLETE:
        return Observation(kind, point, (draw(LOSSES),))
    if kind is Kind.PRUNED:
        losses = draw(st.tuples(LOSSES) | st.just(()))
        return Observation(kind, point, losses, draw(st.integers(0, 3)))
    return Observation(kind, point)


def rank(number: int, observation: Observation) -> tuple[bool, bool, int, float, int]:
    """Complete before pruned, those with a value before those without, then by how far they got,
    loss and age.
    """
    losses, pruned = observation.losses, observation.kind is Kind.PRUNED
    return pruned, not losses, -observation.step, sum(losses), number


@given(
    st.lists(st.tuples(st.integers(0, 150), observed()), max_size=80),
    st.integers(0, 30),
    st.integers(0, 160),
)
def test_split(puts: list[tuple[int, Observation]], best: int, without: int) -> None:
    observations = Observations(2)
    runs: dict[int, Observation] = {}
    for number, observation in puts:
        observations.put(number, observation)
        runs[number] = observation
    ended = {n: o for n, o in runs.items() if o.kind in (Kind.COMPLETE, Kind.PRUNED)}
    assert observations.ended == len(ended)

    split = observations.split(best, without=without)
    ranked = sorted((n for n in ended if n != without), key=lambda n: rank(n, runs[n]))
    running = [n for n, o in runs.items() if o.kind is Kind.RUNNING and n != without]
    assert split.ended.below.tolist() == sorted(ranked[:best])
    assert split.ended.above.tolist() == sorted(ranked[best:])
    assert split.running.tolist() == sorted(running)
    assert split.ended.represented.tolist() == [1.0] * len(split.ended.above)
    expected = [[runs[n].point[0]] for n in sorted(ranked[:best])]
    assert observations.points(split.ended.below, [0]).tolist() == expected


@given(st.integers(0, 200), observed(), observed())
def test_what_was_replaced_can_be_put_back(
    number: int, first: Observation, second: Observation
) -> None:
    observations = Observations(2)
    empty = observations.get(number)
    observations.put(number, first)
    before = observations.get(number)
    observations.put(number, second)
    observations.put(number, before)
    again = observations.get(number)
    assert (again.kind, again.losses, again.step) == (first.kind, first.losses, first.step)
    assert again.point.tolist() == first.point.tolist()
    observations.put(number, empty)
    assert observations.ended == 0
    assert observations.split(5, without=500).ended.above.size == 0


def many(ended: int, running: int, seed: int = 0) -> Observations:
    """Return observations of ended runs whose losses rise, then of running runs."""
    observations = Observations(1, seed=seed)
    for number in range(ended):
        observations.put(number, Observation(Kind.COMPLETE, np.zeros(1), (float(number),)))
    for number in range(ended, ended + running):
        observations.put(number, Observation(Kind.RUNNING, np.zeros(1)))
    return observations


@pytest.mark.parametrize("ended", [MOST_ENDED + 1, 3 * MOST_ENDED, 20 * MOST_ENDED])
def test_the_best_and_a_sample_stand_for_many_worse_runs(ended: int) -> None:
    observations = many(ended, running=30)
    split = observations.split(25, without=ended)
    assert split.running.tolist() == list(range(ended + 1, ended + 30))
    found = split.ended
    assert found.below.tolist() == list(range(25))
    next_best = list(range(25, 25 + NEXT_BEST))
    drawn = [index for index in found.above.tolist() if index >= 25 + NEXT_BEST]
    assert found.above.tolist() == next_best + drawn
    assert 0.4 * SAMPLED < len(drawn) < 2.1 * SAMPLED
    represented = dict(zip(found.above.tolist(), found.represented.tolist(), strict=True))
    assert {represented[index] for index in next_best} == {1.0}
    assert found.represented.sum() == pytest.approx(ended - 25)


def test_runs_in_progress_leave_the_split_of_ended_ones_as_it_is() -> None:
    observations = many(100, running=1)
    before = observations.split(10, without=500)
    observations.put(101, Observation(Kind.RUNNING, np.zeros(1)))
    after = observations.split(10, without=500)
    assert after.ended is before.ended
    assert after.running.tolist() == [100, 101]
    observations.put(101, Observation(Kind.COMPLETE, np.zeros(1), (-1.0,)))
    assert 101 in observations.split(10, without=500).ended.below


def test_a_sample_shrinks_by_halves_and_otherwise_stays() -> None:
    """The sample follows from the seed and the numbers of the runs alone."""

    def sample(size: int, seed: int = 0) -> set[int]:
        above = many(size, 0, seed).split(0, without=size).ended.above.tolist()
        return {index for index in above if NEXT_BEST <= index < 4_100}

    assert sample(9_000) < sample(4_100)
    assert sample(8_000) == sample(4_100)
    assert sample(4_100, seed=1) != sample(4_100)


def test_the_best_are_found_again_when_all_leaders_get_other_results() -> None:
    observations = many(5_000, running=0)
    assert observations.split(25, without=5_000).ended.below.tolist() == list(range(25))
    for number in range(2_000):
        observations.put(number, Observation(Kind.COMPLETE, np.zeros(1), (9_000.0 + number,)))
    assert observations.split(25, without=5_000).ended.below.tolist() == list(range(2_000, 2_025))
    assert observations.split(25, without=2_010).ended.below.tolist() == [
        *range(2_000, 2_010),
        *range(2_011, 2_026),
    ]

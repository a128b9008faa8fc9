"""The columns of observations against a plain list of runs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_suggestion.optimizer.samplers.tpe_observations import Kind, Observation, Observations

LOSSES = st.sampled_from([0.0, 1.0, 2.0, -1.0, math.inf])


@st.composite
def observed(draw: st.DrawFn) -> Observation:
    kind = draw(st.sampled_from(Kind))
    point = np.array([draw(st.integers(0, 9)), 1.0])
    if kind is Kind.COMPLETE:
        return Observation(kind, point, draw(LOSSES))
    if kind is Kind.PRUNED:
        return Observation(kind, point, draw(LOSSES | st.none()), draw(st.integers(0, 3)))
    return Observation(kind, point)


def rank(number: int, observation: Observation) -> tuple[bool, bool, int, float, int]:
    """Complete before pruned, those with a value before those without, then by how far they got,
    loss and age.
    """
    loss, pruned = observation.loss, observation.kind is Kind.PRUNED
    return pruned, loss is None, -observation.step, loss or 0.0, number


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
    assert split.below.tolist() == sorted(ranked[:best])
    assert split.above.tolist() == sorted(ranked[best:] + running)
    expected = [runs[n].point[0] for n in sorted(ranked[:best])]
    assert observations.columns(split.below, 0).tolist() == expected


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
    assert (again.kind, again.loss, again.step) == (first.kind, first.loss, first.step)
    assert again.point.tolist() == first.point.tolist()
    observations.put(number, empty)
    assert observations.ended == 0
    assert observations.split(5, without=500).above.size == 0

"""Empirical distribution functions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_suggestion.optimizer.statistics.objective_curves import edf, edf_places


def test_known_values() -> None:
    places = edf_places([np.array([4.0, 0.0]), np.array([1.0, 1.0, 3.0, 2.0])], 5)
    assert places.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert edf(np.array([4.0, 0.0]), places).tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]
    assert edf(np.array([1.0, 1.0, 3.0, 2.0]), places).tolist() == [0.0, 0.5, 0.75, 1.0, 1.0]


def test_one_value_and_none() -> None:
    assert edf_places([np.array([2.0, 2.0])], 100).tolist() == [2.0]
    assert edf_places([np.empty(0)], 100).tolist() == []
    assert edf(np.empty(0), np.array([1.0, 2.0])).tolist() == [0.0, 0.0]


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(FINITE, max_size=20), min_size=1, max_size=4), st.integers(2, 50))
def test_shares_ascend_to_one(samples: list[list[float]], count: int) -> None:
    arrays = [np.array(sample, dtype=np.float64) for sample in samples]
    places = edf_places(arrays, count)
    assert len(places) <= count
    assert (np.diff(places) > 0).all()
    for sample in arrays:
        shares = edf(sample, places)
        assert len(shares) == len(places)
        assert (np.diff(shares) >= 0).all()
        if len(sample):
            assert shares[-1] == 1.0
            assert [round(s * len(sample)) for s in shares] == [(sample <= p).sum() for p in places]

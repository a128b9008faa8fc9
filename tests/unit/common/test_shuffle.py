"""A random permutation of a very large range."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wanllmdb_common.search_space.shuffle import Shuffle

SEEDS = st.integers(0, 2**53)


@given(st.integers(1, 300), SEEDS)
@example(1, 0)
def test_each_number_has_one_place(size: int, seed: int) -> None:
    shuffle = Shuffle(size, seed)
    order = [shuffle.at(place) for place in range(size)]
    assert sorted(order) == list(range(size))
    assert [shuffle.position_of(number) for number in order] == list(range(size))


@given(st.integers(1, 10**700), SEEDS, st.data())
@example(10**7, 1, None)
def test_places_are_found_again_at_any_size(size: int, seed: int, data: st.DataObject) -> None:
    shuffle = Shuffle(size, seed)
    place = size // 3 if data is None else data.draw(st.integers(0, size - 1))
    number = shuffle.at(place)
    assert 0 <= number < size
    assert shuffle.position_of(number) == place


@pytest.mark.parametrize("size", [10, 100])
def test_the_order_looks_random_and_follows_the_seed(size: int) -> None:
    orders = [[Shuffle(size, seed).at(place) for place in range(size)] for seed in range(200)]
    assert orders[0] == [Shuffle(size, 0).at(place) for place in range(size)]
    # The first place's mean over seeds, the neighbors' order: both as of chance.
    mean = sum(order[0] for order in orders) / len(orders)
    assert abs(mean / size - 0.5) < 4 * (1 / 12 / len(orders)) ** 0.5
    ascending = sum(a < b for order in orders for a, b in pairwise(order))
    assert abs(ascending / (size - 1) / len(orders) - 0.5) < 0.05


@pytest.mark.parametrize("number", [-1, 1_000, 1_023])
def test_what_is_out_of_range_is_rejected(number: int) -> None:
    with pytest.raises(IndexError):
        Shuffle(1_000, 3).at(number)
    with pytest.raises(IndexError):
        Shuffle(1_000, 3).position_of(number)

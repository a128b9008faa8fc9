"""Draws of random search follow each parameter's distribution and the seed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.known_distributions import KNOWN_DISTRIBUTIONS, LEVELS, compare
from tests.unit.suggestion.spaces import SIX_PARAMETERS
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace
from wanllmdb_common.search_space.draws import MAX_DRAWS, NoPointFoundError
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler

SUGGESTIONS = 4_000
SAMPLER = RandomSampler(
    SearchSpace(
        tuple(
            Parameter(name, KNOWN_DISTRIBUTIONS[name].distribution)
            for name in sorted(KNOWN_DISTRIBUTIONS)
        )
    ),
    20,
)
SAMPLES = [SAMPLER.propose(number) for number in range(SUGGESTIONS)]


@pytest.mark.parametrize("name", KNOWN_DISTRIBUTIONS)
def test_suggestions_have_the_quantiles_of_their_law(name: str) -> None:
    found = compare(KNOWN_DISTRIBUTIONS[name], [sample[name] for sample in SAMPLES])
    assert [comparison.level for comparison in found] == list(LEVELS)
    # More than four standard deviations occur by chance once in 15,000 times.
    for comparison in found:
        assert comparison.sigmas < 4, comparison


@pytest.mark.parametrize("name", KNOWN_DISTRIBUTIONS)
def test_a_sample_of_another_law_is_noticed(name: str) -> None:
    numbers = [KNOWN_DISTRIBUTIONS[name].number(sample[name]) for sample in SAMPLES]
    spread = max(numbers) - min(numbers)
    shifted = replace(KNOWN_DISTRIBUTIONS[name], number=float)
    found = compare(shifted, [number + 0.1 * spread for number in numbers])
    assert max(comparison.sigmas for comparison in found) > 4


def test_runs_are_drawn_apart_and_the_same_for_the_same_seed_and_number() -> None:
    sampler, same = RandomSampler(SIX_PARAMETERS, 3), RandomSampler(SIX_PARAMETERS, 3)
    points = [sampler.propose(number) for number in range(50)]
    assert [same.propose(number) for number in reversed(range(50))] == points[::-1]
    assert len({str(point) for point in points}) == 50
    assert RandomSampler(SIX_PARAMETERS, 4).propose(0) != points[0]
    assert sampler.propose(0, redraw=1) != points[0]


def test_given_values_are_completed() -> None:
    sampler = RandomSampler(SIX_PARAMETERS, 3)
    point = sampler.complete(7, {"layers": 5, "lr": 0.005})
    assert (point["layers"], point["lr"]) == (5, 0.005)
    assert point.keys() == {p.name for p in SIX_PARAMETERS.parameters}


def test_constraints_are_met_or_the_error_says_how_many_draws_were_tried() -> None:
    space = replace(SIX_PARAMETERS, constraints=("layers > 3 and dropout < 0.25", "lr > 0.005"))
    for number in range(100):
        point = RandomSampler(space, 3).propose(number)
        assert point["layers"] > 3  # type: ignore[operator]
        assert point["dropout"] < 0.25  # type: ignore[operator]
        assert point["lr"] > 0.005  # type: ignore[operator]
    impossible = RandomSampler(replace(SIX_PARAMETERS, constraints=("layers > 9",)), 3)
    with pytest.raises(NoPointFoundError, match=str(MAX_DRAWS)):
        impossible.propose(0)

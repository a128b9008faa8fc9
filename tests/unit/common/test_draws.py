"""Random points of whole spaces: conditions, constraints and given values."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.processor_time import soon
from tests.unit.common.strategies import conditional_spaces
from wanllmdb_common.search_space.conditions import active_only
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
    contains,
)
from wanllmdb_common.search_space.draws import (
    MAX_DRAWS,
    MAX_TRIAL_DRAWS,
    NoPointFoundError,
    PointDraws,
    draw_point,
    infeasibility,
)

OPTIMIZERS = SearchSpace(
    (
        Parameter("a_decay", Uniform(0.0, 1.0), (Condition("momentum", (0, 1)),)),
        Parameter("lr", Uniform(0.0, 1.0)),
        Parameter("momentum", IntUniform(0, 3), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"), (0.25, 0.75))),
    )
)


def space(*constraints: str, **distributions: Distribution) -> SearchSpace:
    return SearchSpace(
        tuple(Parameter(n, distributions[n]) for n in sorted(distributions)), constraints
    )


@given(conditional_spaces(), st.integers(0, 2**53))
def test_points_have_what_they_should_and_nothing_else(space: SearchSpace, seed: int) -> None:
    point = draw_point(space, seed)
    assert list(point) == sorted(point)
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    everything = {name: law_value(distributions[name]) for name in distributions}
    assert active_only(space, {**everything, **point}) == point
    assert all(contains(distributions[name], value) for name, value in point.items())
    assert draw_point(space, seed) == point


def law_value(distribution: Distribution) -> Any:
    return draw_point(SearchSpace((Parameter("x", distribution),)), 0)["x"]


def test_given_values_stay_unless_the_run_lacks_them() -> None:
    draws = PointDraws(OPTIMIZERS)
    for seed in range(20):
        point = draws.draw(seed, {"momentum": 1, "lr": 0.5})
        assert point["lr"] == 0.5
        assert point.get("momentum") == (1 if point["optimizer"] == "sgd" else None)
        assert ("a_decay" in point) == (point["optimizer"] == "sgd")
    assert set(draws.draw(0, {"optimizer": "adam", "a_decay": 0.1})) == {"lr", "optimizer"}


def test_shares_are_those_of_the_distributions() -> None:
    draws = PointDraws(OPTIMIZERS)
    points = [draws.draw(seed) for seed in range(4_000)]
    sgd = [point for point in points if point["optimizer"] == "sgd"]
    assert len(sgd) / len(points) == pytest.approx(0.75, abs=0.03)
    assert sum("a_decay" in point for point in sgd) / len(sgd) == pytest.approx(0.5, abs=0.04)


def test_constraints_are_met_and_the_rest_of_the_distribution_is_kept() -> None:
    draws = PointDraws(
        space("a < b", "c + d == 3", **dict.fromkeys("abcd", IntUniform(0, 3)), e=Uniform(0.0, 1.0))
    )
    points = [draws.draw(seed) for seed in range(3_000)]
    pairs = Counter((point["a"], point["b"]) for point in points)
    sums = Counter((point["c"], point["d"]) for point in points)
    assert set(pairs) == {(a, b) for b in range(4) for a in range(b)}
    assert set(sums) == {(c, 3 - c) for c in range(4)}
    assert all(count == pytest.approx(500, abs=90) for count in pairs.values())
    assert all(count == pytest.approx(750, abs=110) for count in sums.values())


def test_constraints_of_parameters_that_a_run_lacks_are_met() -> None:
    constrained = SearchSpace(OPTIMIZERS.parameters, ("momentum > 1", "momentum * lr > 1.5"))
    draws = PointDraws(constrained)
    points = [draws.draw(seed) for seed in range(300)]
    assert {point["optimizer"] for point in points} == {"adam", "sgd"}
    for point in points:
        if "momentum" in point:
            assert point["momentum"] * point["lr"] > 1.5  # type: ignore[operator]


def test_many_constraints_cost_the_sum_of_their_draws_and_not_the_product() -> None:
    distributions = {f"x{i}": Uniform(0.0, 1.0) for i in range(40)}
    tight = space(*[f"x{i} < 0.01" for i in range(40)], **distributions)
    assert infeasibility(tight) is None
    assert all(value < 0.01 for value in draw_point(tight, 5).values())  # type: ignore[operator]


def test_where_no_point_is_found_the_error_names_how_many_were_tried() -> None:
    impossible = space("a > 3", "a + b > 5", a=IntUniform(0, 3), b=IntUniform(0, 3))
    with pytest.raises(NoPointFoundError) as caught:
        draw_point(impossible, 1)
    assert (caught.value.draws, caught.value.worst) == (MAX_DRAWS, "a > 3")
    assert str(MAX_DRAWS) in str(caught.value)
    assert "'a > 3'" in str(caught.value)
    # With everything given there is one draw.
    with pytest.raises(NoPointFoundError) as caught:
        draw_point(impossible, 1, {"a": 1, "b": 1})
    assert caught.value.draws == 1


def test_infeasibility_is_reported_soon() -> None:
    slow = " + ".join(f"x{i} ** 2.5" for i in range(40)) + " < 0"
    spaces = [
        (
            space("a > 3", a=IntUniform(0, 3)),
            f"{MAX_TRIAL_DRAWS} draws; most of them violated 'a > 3'",
        ),
        (
            space("a > s", a=IntUniform(0, 3), s=Categorical(("u", "v"))),
            "violated 'a > s', which can't be computed: '>' not supported between",
        ),
        (space(slow, **{f"x{i}": Uniform(0.0, 1.0) for i in range(40)}), "most of them violated"),
    ]
    for impossible, words in spaces:
        with soon():
            text = infeasibility(impossible)
            assert text is not None
            assert words in text
    assert infeasibility(space("a > 2", a=IntUniform(0, 3))) is None
    assert infeasibility(space("a > 2", a=IntUniform(0, 3)), {"a": 1}) is not None
    assert infeasibility(space("a == 5", a=Constant(5))) is None

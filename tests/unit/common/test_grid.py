"""The grid of a space: its points, their order and their indexes."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.processor_time import soon
from tests.unit.common.strategies import conditional_spaces
from wanllmdb_common.search_space.conditions import is_active, parents_first
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
    contains,
)
from wanllmdb_common.search_space.grid import EntangledConditionsError, Grid
from wanllmdb_common.search_space.grid import axis as axis_of


def grid(**distributions: Distribution) -> Grid:
    return Grid(
        SearchSpace(tuple(Parameter(name, distributions[name]) for name in sorted(distributions)))
    )


def axis(distribution: Distribution) -> list[object]:
    g = grid(p=distribution)
    return [g.point(i)["p"] for i in range(g.size)]


def test_parameters_go_by_name_and_the_last_is_fastest() -> None:
    g = grid(b=Categorical(("x", "y")), a=IntUniform(1, 2))
    points = [tuple(g.point(i).items()) for i in range(g.size)]
    assert points == [
        (("a", 1), ("b", "x")),
        (("a", 1), ("b", "y")),
        (("a", 2), ("b", "x")),
        (("a", 2), ("b", "y")),
    ]


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Uniform(0.0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (Uniform(0.0, 0.55, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (IntUniform(1, 8, 3), [1, 4, 7]),
        (IntLogUniform(1, 4), [1, 2, 3, 4]),
        (Uniform(0.0, 9.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
    ],
)
def test_an_axis_has_its_steps(distribution: Distribution, expected: list[object]) -> None:
    assert axis(distribution) == expected


def test_a_logarithmic_axis_is_cut_evenly_by_logarithm() -> None:
    values = axis(LogUniform(1e-9, 1.0))
    assert values == pytest.approx([10.0**-e for e in range(9, -1, -1)])
    assert (values[0], values[-1]) == (1e-9, 1.0)


def test_a_normal_axis_is_cut_at_quantiles() -> None:
    values = axis(Normal(5.0, 2.0))
    assert len(values) == 10
    assert values[0] == pytest.approx(5 - 2 * 1.6448536269514722)
    assert axis(Quantized(Normal(0.0, 1.0), 1)) == [-2, -1, 0, 1, 2]


def test_cuts_are_noted() -> None:
    g = grid(a=Uniform(0.0, 1.0), b=Normal(0.0, 1.0), c=Uniform(0.0, 1.0, 0.5))
    assert len(g.notes) == 2
    assert g.notes[0].startswith("parameter 'a'")
    assert g.notes[1].startswith("parameter 'b'")


@given(st.data())
def test_index_of_undoes_point(data: st.DataObject) -> None:
    g = grid(
        a=Uniform(-1.0, 1.0, 0.3),
        b=Categorical((1, 1.0, True, "1", None)),
        c=LogUniform(1e-3, 10.0),
        d=Quantized(Normal(3.0, 4.0), 2),
        e=IntUniform(-5, 5),
    )
    index = data.draw(st.integers(0, g.size - 1))
    assert g.index_of(g.point(index)) == index


def test_points_beside_the_grid_have_no_index() -> None:
    g = grid(a=IntUniform(0, 10, 2), b=Uniform(0.0, 1.0, 0.5))
    assert g.index_of({"a": 3, "b": 0.5}) is None
    assert g.index_of({"a": 2, "b": 0.25}) is None
    assert g.index_of({"a": 2}) is None
    assert g.index_of({"a": True, "b": 0.5}) is None


def test_a_huge_grid_costs_nothing_per_point() -> None:
    g = grid(**{f"p{i}": IntUniform(0, 9) for i in range(100)})
    assert g.size == 10**100
    assert g.index_of(g.point(10**99 + 7)) == 10**99 + 7
    with pytest.raises(IndexError):
        g.point(g.size)


def brute_force(space: SearchSpace) -> list[dict[str, ParameterValue]]:
    """Return all points in order, by nested loops."""
    points: list[dict[str, ParameterValue]] = [{}]
    for parameter in parents_first(space):
        values = axis_of(parameter.distribution)
        points = [
            {**point, **more}
            for point in points
            for more in (
                [{parameter.name: values[i]} for i in range(values.size)]
                if is_active(parameter, point)
                else [{}]
            )
        ]
    return points


FEW: SearchStrategy[Distribution] = st.builds(
    IntUniform, st.integers(0, 2), st.integers(3, 9), st.integers(1, 4)
) | st.sampled_from([Quantized(Uniform(0.0, 1.0), 0.25), Constant(3), Uniform(0.0, 1.0, 0.5)])


@settings(max_examples=200)
@given(conditional_spaces(FEW), st.data())
def test_conditional_grids_hold_each_point_once_in_order(
    space: SearchSpace, data: st.DataObject
) -> None:
    g = Grid(space)
    expected = brute_force(space)
    assert g.size == len(expected)
    for index in {0, g.size - 1, data.draw(st.integers(0, g.size - 1))}:
        assert repr(g.point(index)) == repr(dict(sorted(expected[index].items())))
        assert g.index_of(g.point(index)) == index


@given(conditional_spaces(), st.data())
def test_index_of_undoes_point_for_every_distribution(
    space: SearchSpace, data: st.DataObject
) -> None:
    g = Grid(space)
    index = data.draw(st.integers(0, g.size - 1))
    point = g.point(index)
    assert g.index_of(point) == index
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    assert all(contains(distributions[name], value) for name, value in point.items())


def test_a_run_has_only_what_its_values_call_for() -> None:
    sgd = (Condition("optimizer", ("sgd",)),)
    g = Grid(
        SearchSpace(
            (
                Parameter("a_nesterov", Categorical((True, False)), sgd),
                Parameter("lr", IntUniform(1, 2)),
                Parameter("optimizer", Categorical(("adam", "sgd"))),
            )
        )
    )
    assert [g.point(i) for i in range(g.size)] == [
        {"lr": 1, "optimizer": "adam"},
        {"a_nesterov": True, "lr": 1, "optimizer": "sgd"},
        {"a_nesterov": False, "lr": 1, "optimizer": "sgd"},
        {"lr": 2, "optimizer": "adam"},
        {"a_nesterov": True, "lr": 2, "optimizer": "sgd"},
        {"a_nesterov": False, "lr": 2, "optimizer": "sgd"},
    ]
    assert g.index_of({"lr": 1, "optimizer": "sgd"}) is None
    assert g.index_of({"a_nesterov": True, "lr": 1, "optimizer": "adam"}) is None


def test_conditions_keep_1_and_true_apart() -> None:
    g = Grid(
        SearchSpace(
            (
                Parameter("a", Categorical((1, True, 1.0))),
                Parameter("b", IntUniform(1, 2), (Condition("a", (1,)),)),
                Parameter("c", IntUniform(1, 3), (Condition("a", (True,)),)),
            )
        )
    )
    assert [len(g.point(i)) for i in range(g.size)] == [2, 2, 2, 2, 2, 1]


def test_a_huge_conditional_grid_costs_nothing_per_point() -> None:
    parameters = [
        parameter
        for i in range(60)
        for parameter in (
            Parameter(f"a{i:02}", IntUniform(0, 9)),
            Parameter(f"b{i:02}", IntUniform(0, 8), (Condition(f"a{i:02}", (3, 4)),)),
            Parameter(f"c{i:02}", IntUniform(0, 1), (Condition(f"b{i:02}", (0,)),)),
        )
    ]
    with soon():
        g = Grid(SearchSpace(tuple(sorted(parameters, key=lambda p: p.name))))
        # Eight values of a alone, two with b, of which one value has c.
        assert g.size == (8 + 2 * (8 + 2)) ** 60
        index = g.size // 7 * 3 + 5
        assert g.index_of(g.point(index)) == index


def test_a_long_chain_of_conditions_is_counted() -> None:
    chain = [Parameter("p000", IntUniform(0, 1))] + [
        Parameter(f"p{i:03}", IntUniform(0, 1), (Condition(f"p{i - 1:03}", (1,)),))
        for i in range(1, 200)
    ]
    g = Grid(SearchSpace(tuple(chain)))
    assert g.size == 201
    assert len(g.point(200)) == 200
    assert g.index_of(g.point(150)) == 150


def test_conditions_that_cant_be_counted_are_rejected() -> None:
    parents = [Parameter(f"a{i:02}", IntUniform(0, 1)) for i in range(40)]
    children = [
        Parameter(
            f"b{i:02}_{k:02}",
            IntUniform(0, 1),
            (Condition(f"a{i:02}", (1,)), Condition(f"a{(i + k) % 40:02}", (1,))),
        )
        for i in range(40)
        for k in (1, 20)
    ]
    with pytest.raises(EntangledConditionsError, match="conditions tie too many"):
        Grid(SearchSpace((*parents, *children)))


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Uniform(0.1, 1.0), [0.1, 0.325, 0.55, 0.775, 1.0]),
        (LogUniform(1e-8, 1.0), [1e-8, 1e-6, 1e-4, 1e-2, 1.0]),
        (LogNormal(0.0, 1.0), [math.exp(NormalDist().inv_cdf(p / 10)) for p in (1, 3, 5, 7, 9)]),
        (Beta(1.0, 1.0), [0.1, 0.3, 0.5, 0.7, 0.9]),
        (Quantized(Normal(0.0, 1.0), 1), [-1, 0, 1]),
        (Quantized(LogNormal(2.0, 0.1), 2.5), [7.5]),
        (Quantized(Uniform(0.3, 2.2), 0.5), [0.5, 1.0, 1.5, 2.0]),
        (Quantized(LogUniform(0.2, 4.0), 1), [0, 1, 2, 3, 4]),
        (Quantized(Beta(2.0, 2.0), 0.5), [0.0, 0.5, 1.0]),
        # So narrow that some cuts fall together.
        (Uniform(1.0, 1.0 + 3e-16), [1.0, 1.0 + 3e-16]),
        (Normal(1e9, 1e-12), [1e9]),
    ],
)
def test_axes_are_cut_into_as_many_values_as_asked_for(
    distribution: Distribution, expected: list[object]
) -> None:
    g = Grid(SearchSpace((Parameter("p", distribution),)), 5)
    values = [g.point(i)["p"] for i in range(g.size)]
    assert [type(value) for value in values] == [type(value) for value in expected]
    assert values == pytest.approx(expected, rel=1e-12)
    assert [g.index_of({"p": value}) for value in values] == list(range(g.size))


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Categorical(("a", "b"), (1.0, 0.0)), ["a", "b"]),
        (Categorical((1, 1.0, 1, True, [1], [1], [1.0])), [1, 1.0, True, [1], [1.0]]),
    ],
)
def test_categories_are_there_once_whatever_their_probability(
    distribution: Distribution, expected: list[object]
) -> None:
    assert list(map(repr, axis(distribution))) == list(map(repr, expected))


def test_a_range_of_all_integers_has_an_axis() -> None:
    g = grid(p=IntUniform(-(2**63), 2**63 - 1), q=IntUniform(0, 1))
    assert g.size == 2**65
    assert g.point(2**65 - 1) == {"p": 2**63 - 1, "q": 1}
    assert g.index_of({"p": 2**63 - 1, "q": 0}) == 2**65 - 2


def test_notes_explain_what_is_cut_and_how_and_what_is_left_out() -> None:
    space = SearchSpace(
        (
            Parameter("a", Uniform(0.0, 1.0)),
            Parameter("b", LogUniform(0.1, 1.0)),
            Parameter("c", Normal()),
            Parameter("d", Beta(2.0, 3.0)),
            Parameter("e", Quantized(LogNormal(), 1)),
            Parameter("f", Categorical(("x", "y"), (0.1, 0.9))),
            Parameter("g", Uniform(0.0, 1.0, 0.5)),
            Parameter("h", Quantized(Beta(2.0, 3.0), 0.5)),
        ),
        ("a < b",),
    )
    notes = Grid(space, 4).notes
    assert [note.split("'")[1] for note in notes[:-1]] == ["a", "b", "c", "d", "e", "f"]
    assert "4 values evenly spaced" in notes[0]
    assert "4 values evenly spaced by logarithm" in notes[1]
    assert "4 values at the quantiles 0.125 to 0.875 of its distribution" in notes[2]
    assert "probabilities" in notes[5]
    assert "violate a constraint" in notes[6]

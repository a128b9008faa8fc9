"""The grid of a space: which points, in which order, by index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.grid import Grid


def grid(**laws: Distribution) -> Grid:
    return Grid(SearchSpace(tuple(Parameter(name, laws[name]) for name in sorted(laws))))


def axis(law: Distribution) -> list[object]:
    g = grid(p=law)
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
    ("law", "expected"),
    [
        (Uniform(0.0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (Uniform(0.0, 0.55, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (IntUniform(1, 8, 3), [1, 4, 7]),
        (IntLogUniform(1, 4), [1, 2, 3, 4]),
        (Uniform(0.0, 9.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
    ],
)
def test_an_axis_has_its_steps(law: Distribution, expected: list[object]) -> None:
    assert axis(law) == expected


def test_a_logarithmic_axis_is_cut_evenly_by_logarithm() -> None:
    values = axis(LogUniform(1e-9, 1.0))
    assert values == pytest.approx([10.0**-e for e in range(9, -1, -1)])
    assert (values[0], values[-1]) == (1e-9, 1.0)


def test_a_normal_axis_is_cut_at_quantiles() -> None:
    values = axis(Normal(5.0, 2.0))
    assert len(values) == 10
    assert values[0] == pytest.approx(5 - 2 * 1.6448536269514722)
    assert axis(Quantized(Normal(0.0, 1.0), 1)) == [-2, -1, 0, 1, 2]


def test_cuts_are_told() -> None:
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

"""Which parameters a run has."""

from __future__ import annotations

import pytest

from wanllmdb_common.search_space.conditions import (
    CycleError,
    active_only,
    demanded,
    has_conditions,
    is_active,
    parents_first,
)
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntUniform,
    Parameter,
    ParameterValue,
    SearchSpace,
    Uniform,
)


def parameter(name: str, **conditions: tuple[ParameterValue, ...]) -> Parameter:
    return Parameter(
        name,
        Uniform(0.0, 1.0),
        tuple(Condition(parent, values) for parent, values in conditions.items()),
    )


SPACE = SearchSpace(
    (
        parameter("a", d=(1, 2), z=("x",)),
        parameter("b"),
        parameter("c", a=(0.5,)),
        Parameter("d", IntUniform(0, 3)),
        Parameter("z", Categorical(("x", "y", True, 1))),
    )
)


def test_parents_stand_before_their_children_and_else_names_decide() -> None:
    assert [p.name for p in parents_first(SPACE)] == ["b", "d", "z", "a", "c"]


def test_all_conditions_must_hold_and_types_count() -> None:
    a = SPACE.parameters[0]
    assert is_active(a, {"d": 2, "z": "x"})
    assert not is_active(a, {"d": 2, "z": "y"})
    assert not is_active(a, {"d": 3, "z": "x"})
    assert not is_active(a, {"d": 2})
    assert not is_active(a, {"d": True, "z": "x"})
    assert not is_active(a, {"d": 1.0, "z": "x"})
    assert is_active(SPACE.parameters[1], {})


def test_what_depends_on_an_absent_parameter_is_absent() -> None:
    everything: dict[str, ParameterValue] = {"a": 0.5, "b": 0.1, "c": 0.2, "d": 1, "z": "x"}
    assert active_only(SPACE, everything) == everything
    # c's parent has the value that it asks for, but is not there itself.
    assert active_only(SPACE, {**everything, "z": "y"}) == {"b": 0.1, "d": 1, "z": "y"}


def test_spaces_without_conditions_keep_their_order() -> None:
    plain = SearchSpace((parameter("b"), parameter("a")))
    assert not has_conditions(plain)
    assert parents_first(plain) == plain.parameters
    assert has_conditions(SPACE)


def test_circles_are_noticed() -> None:
    with pytest.raises(CycleError):
        parents_first(SearchSpace((parameter("a", b=(1,)), parameter("b", a=(1,)))))


def test_given_parameters_demand_their_parents_and_those_theirs() -> None:
    assert demanded(SPACE, {"a": 0.5}) == {"d": (1, 2), "z": ("x",)}
    assert demanded(SPACE, {"a": 0.5, "d": 1}) == {"z": ("x",)}
    assert demanded(SPACE, {"c": 0.1}) == {"a": (0.5,), "d": (1, 2), "z": ("x",)}
    assert demanded(SPACE, {"b": 0.1, "z": "y"}) == {}
    both = SearchSpace(
        (parameter("a", z=("x", "y")), parameter("b", z=("y", 5)), SPACE.parameters[4])
    )
    assert demanded(both, {"a": 0.1, "b": 0.1}) == {"z": ("y",)}
    # 5 is no value of z.
    assert demanded(both, {"b": 0.1}) == {"z": ("y",)}

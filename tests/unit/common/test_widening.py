"""The spaces that may replace another one while a sweep runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.common.strategies import DISTRIBUTIONS, conditional_spaces
from wanllmdb_common.search_space.conditions import active_only
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
from wanllmdb_common.search_space.draws import draw_point
from wanllmdb_common.search_space.widening import wider


def of(distribution: Distribution) -> SearchSpace:
    return SearchSpace((Parameter("x", distribution),))


WIDER = [
    (Uniform(0.0, 1.0), Uniform(-1.0, 1.0)),
    (Uniform(0.1, 1.0), LogUniform(0.1, 2.0)),
    (Uniform(0.1, 1.0), Normal(0.0, 1.0)),
    (Uniform(0.0, 1.0, 0.2), Uniform(0.0, 1.0, 0.1)),
    (Uniform(0.0, 1.0, 0.2), Uniform(-0.2, 1.5, 0.2)),
    (Uniform(0.0, 1.0, 0.3), Uniform(0.0, 1.0)),
    (Uniform(0.5, 1.0, 0.5), Quantized(Uniform(0.0, 2.0), 0.25)),
    (IntUniform(1, 8), IntUniform(0, 8)),
    (IntUniform(2, 9, 3), IntUniform(-1, 9, 3)),
    (IntUniform(1, 8), IntLogUniform(1, 100)),
    (IntUniform(1, 8), Quantized(Normal(), 1)),
    (LogNormal(), Normal()),
    (LogNormal(), LogNormal(3.0, 1.0)),
    (Beta(2.0, 2.0), Uniform(0.0, 1.0)),
    (Quantized(Uniform(0.3, 2.2), 0.5), Uniform(0.0, 2.5)),
    (Quantized(Beta(1.0, 2.0), 1), IntUniform(0, 1)),
    (Constant(3), IntUniform(1, 9, 2)),
    (Constant("a"), Categorical(("a", "b"))),
    (Categorical(("a", 1)), Categorical((1, "b", "a"), (0.5, 0.5, 0.0))),
    (Categorical((1, 4)), IntUniform(1, 4)),
    (Categorical((0.5, 0.75)), Uniform(0.0, 1.0, 0.25)),
]
NARROWER: list[tuple[Distribution, Distribution, str]] = [
    (Uniform(0.0, 1.0), Uniform(0.0, 0.9), "from 0.0 to 1.0 so far"),
    (Uniform(0.0, 1.0), LogUniform(0.1, 1.0), "only go from 0.1 to 1.0"),
    (Uniform(0.0, 1.0), LogNormal(), "could be 0 so far"),
    (Uniform(0.0, 1.0), Uniform(0.0, 1.0, 0.1), "not on the steps of 0.1"),
    (Uniform(0.0, 1.0, 0.1), Uniform(0.0, 1.0, 0.2), "not on the steps of 0.2"),
    (Uniform(0.1, 1.0, 0.2), Uniform(0.0, 1.0, 0.2), "not on the steps"),
    (IntUniform(1, 8), IntUniform(1, 8, 2), "not on the steps of 2 from 1"),
    (IntUniform(1, 8), Uniform(0.0, 9.0), "integers so far, which would become floats"),
    (Uniform(1.0, 8.0, 1.0), IntUniform(1, 8), "floats so far, which would become integers"),
    (Normal(), Uniform(-1e9, 1e9), "any small number"),
    (Quantized(Uniform(0.3, 2.3), 0.5), Uniform(0.5, 2.0), "from 0.05 to 2.55"),
    (IntUniform(2, 9, 3), IntUniform(2, 8, 3), "from 2 to 9 so far"),
    (IntUniform(1, 8), Categorical((1, 2)), "single values"),
    (Categorical(("a", "b")), Categorical(("a", "c")), "no longer has 'b'"),
    (Categorical((1, 2)), Categorical((1, 2.0)), "no longer has 2"),
    (Categorical((1, 2)), IntUniform(1, 5, 2), "no longer has 2"),
    (Categorical((1, 2)), Uniform(1.0, 2.0), "no longer has 1, 2"),
    (Constant(True), Constant(1), "no longer has True"),
]


@pytest.mark.parametrize(("old", "new"), WIDER)
def test_a_wider_distribution_is_accepted_with_a_note(old: Distribution, new: Distribution) -> None:
    found = wider(of(new), of(old))
    assert found.problems == ()
    assert "parameter 'x' is now" in found.notes[0]
    assert "existing runs keep their parameters" in found.notes[-1]


@pytest.mark.parametrize(("old", "new", "words"), NARROWER)
def test_a_narrower_distribution_is_rejected(
    old: Distribution, new: Distribution, words: str
) -> None:
    found = wider(of(new), of(old))
    [(name, text)] = found.problems
    assert name == "x"
    assert words in text
    assert found.notes == ()


@settings(max_examples=200)
@given(DISTRIBUTIONS, DISTRIBUTIONS, st.integers(0, 2**32))
def test_no_draw_of_the_old_distribution_is_lost(
    old: Distribution, new: Distribution, seed: int
) -> None:
    if not wider(of(new), of(old)).problems:
        assert contains(new, draw_point(of(old), seed)["x"])


@given(conditional_spaces())
def test_a_space_is_as_wide_as_itself(space: SearchSpace) -> None:
    found = wider(space, space)
    assert (found.problems, found.notes) == ((), ())


OLD = SearchSpace(
    (
        Parameter("momentum", Uniform(0.0, 1.0), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"))),
    ),
    ("momentum < 0.9",),
)


def changed(*parameters: Parameter, constraints: tuple[str, ...] = ()) -> SearchSpace:
    merged = {p.name: p for p in (*OLD.parameters, *parameters)}
    return SearchSpace(tuple(merged[name] for name in sorted(merged)), constraints)


THREE = Parameter("optimizer", Categorical(("adam", "sgd", "rms")))


def test_a_parameter_that_only_new_values_call_for_may_be_added() -> None:
    alpha = Parameter("alpha", Uniform(0.0, 1.0), (Condition("optimizer", ("rms",)),))
    below = Parameter("beta", Uniform(0.0, 1.0), (Condition("alpha", (0.5,)),))
    found = wider(changed(THREE, alpha, below), OLD)
    assert found.problems == ()
    assert any("'alpha' is new" in note for note in found.notes)
    old_run: dict[str, ParameterValue] = {"momentum": 0.5, "optimizer": "sgd"}
    assert active_only(changed(THREE, alpha), old_run) == old_run


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("extra", Constant(1)),
        Parameter("extra", Uniform(0.0, 1.0)),
        Parameter("extra", Uniform(0.0, 1.0), (Condition("optimizer", ("rms", "sgd")),)),
        Parameter("extra", Uniform(0.0, 1.0), (Condition("momentum", (0.5,)),)),
    ],
)
def test_any_other_new_parameter_is_rejected(parameter: Parameter) -> None:
    [(name, text)] = wider(changed(THREE, parameter), OLD).problems
    assert name == "extra"
    assert "existing runs would lack it" in text


def test_conditions_may_take_new_values_only() -> None:
    def momentum(*values: str) -> Parameter:
        return Parameter("momentum", Uniform(0.0, 1.0), (Condition("optimizer", values),))

    assert wider(changed(THREE, momentum("sgd", "rms")), OLD).problems == ()
    for bad in (momentum("sgd", "adam"), momentum("rms"), Parameter("momentum", Uniform(0.0, 1.0))):
        [(name, text)] = wider(changed(THREE, bad), OLD).problems
        assert name == "momentum"
        assert "depends on other values" in text


def test_all_losses_are_reported() -> None:
    smaller = SearchSpace((Parameter("optimizer", Constant("adam")),), ("momentum < 0.9", "1 < 2"))
    problems = wider(smaller, OLD).problems
    assert [name for name, _ in problems] == ["momentum", "optimizer", "constraints"]
    assert "was removed" in problems[0][1]
    assert "'1 < 2' is new" in problems[2][1]


def test_constraints_may_go() -> None:
    found = wider(changed(), OLD)
    assert found.problems == ()
    assert any("no longer apply to new runs: 1" in note for note in found.notes)

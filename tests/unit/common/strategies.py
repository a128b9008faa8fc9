"""Distributions and spaces for property tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

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
    Quantized,
    SearchSpace,
    Uniform,
    same_value,
)

JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
    st.sampled_from(["a", "b", ""]),
    st.lists(st.integers(0, 2), max_size=2),
    st.dictionaries(st.sampled_from(["k", "l"]), st.integers(0, 2), max_size=2),
)

DECIMALS = st.integers(-2_000, 2_000).map(lambda n: n / 100)
STEPS = st.sampled_from([0.001, 0.01, 0.1, 0.25, 0.3, 1.0, 7.0])


def distinct(values: list[Any]) -> bool:
    """Whether no two values are the same."""
    return not any(same_value(a, b) for i, a in enumerate(values) for b in values[:i])


@st.composite
def uniforms(draw: st.DrawFn) -> Uniform:
    low = draw(DECIMALS)
    high = round(low + draw(st.integers(1, 3_000)) / 100, 2)
    return Uniform(low, high, draw(st.none() | STEPS))


@st.composite
def int_uniforms(draw: st.DrawFn) -> IntUniform:
    low = draw(st.integers(-(2**63), 2**63 - 2))
    high = draw(st.integers(low + 1, min(low + draw(st.integers(1, 2**64)), 2**63 - 1)))
    return IntUniform(low, high, draw(st.integers(1, 2**63 - 1) | st.integers(1, 10)))


@st.composite
def log_uniforms(draw: st.DrawFn) -> LogUniform:
    low = draw(st.sampled_from([1e-10, 1e-4, 0.001, 0.5, 1.0, 3.0]))
    high = low * draw(st.sampled_from([1.5, 10.0, 1e6]))
    return LogUniform(low, high, draw(st.none() | STEPS))


@st.composite
def int_log_uniforms(draw: st.DrawFn) -> IntLogUniform:
    low = draw(st.integers(1, 2**53))
    high = draw(st.integers(low + 1, 2**63 - 1) | st.integers(low + 1, low + 1_000))
    return IntLogUniform(low, high, draw(st.integers(1, 10) | st.integers(1, 2**62)))


@st.composite
def categoricals(draw: st.DrawFn) -> Categorical:
    values = draw(st.lists(JSON_VALUES, min_size=1, max_size=6).filter(distinct))
    if draw(st.booleans()):
        return Categorical(tuple(values))
    weights = draw(st.lists(st.integers(0, 5), min_size=len(values), max_size=len(values)))
    weights[draw(st.integers(0, len(values) - 1))] += 1
    return Categorical(tuple(values), tuple(weight / sum(weights) for weight in weights))


NORMALS = st.builds(Normal, DECIMALS, st.sampled_from([0.01, 1.0, 50.0]))
LOG_NORMALS = st.builds(
    LogNormal, st.sampled_from([-5.0, 0.0, 2.5]), st.sampled_from([0.1, 1.0, 2.0])
)
BETAS = st.builds(Beta, *[st.sampled_from([0.5, 1.0, 2.0, 7.5])] * 2)


@st.composite
def quantized(draw: st.DrawFn) -> Quantized:
    distribution = draw(
        st.one_of(
            uniforms().map(lambda distribution: replace(distribution, q=None)),
            log_uniforms().map(lambda distribution: replace(distribution, q=None)),
            NORMALS,
            LOG_NORMALS,
            BETAS,
        )
    )
    return Quantized(distribution, draw(STEPS | st.integers(1, 10)))


DISTRIBUTIONS: SearchStrategy[Distribution] = st.one_of(
    JSON_VALUES.map(Constant),
    categoricals(),
    uniforms(),
    int_uniforms(),
    log_uniforms(),
    int_log_uniforms(),
    NORMALS,
    LOG_NORMALS,
    BETAS,
    quantized(),
)


@st.composite
def conditional_spaces(
    draw: st.DrawFn, distributions: SearchStrategy[Distribution] = DISTRIBUTIONS
) -> SearchSpace:
    """Up to six parameters, some conditional on others, in an order independent of their names.

    Args:
        draw: Hypothesis's draw function.
        distributions: The distributions of parameters on which no other one depends.
    """
    count = draw(st.integers(1, 6))
    names = draw(st.permutations([f"p{i}" for i in range(count)]))
    choices = st.lists(JSON_VALUES, min_size=1, max_size=4).filter(distinct)
    parameters: list[Parameter] = []
    parents: list[tuple[str, list[Any]]] = []
    for name in names:
        conditions = []
        for parent, values in parents:
            if draw(st.integers(0, 2)) == 0:
                wanted = draw(st.lists(st.sampled_from(values), min_size=1).filter(distinct))
                conditions.append(Condition(parent, tuple(wanted)))
        distribution: Distribution
        if draw(st.booleans()):
            values = draw(choices)
            parents.append((name, values))
            distribution = Categorical(tuple(values))
        else:
            distribution = draw(distributions)
        parameters.append(Parameter(name, distribution, tuple(conditions)))
    return SearchSpace(tuple(sorted(parameters, key=lambda p: p.name)))

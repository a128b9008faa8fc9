"""Search spaces and runs, made up for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
    same_value,
)
from wanllmdb_suggestion.study.records import (
    AlgorithmChoice,
    Changes,
    Metric,
    RunRecord,
    RunState,
    Standing,
    StudySpec,
    SweepState,
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
    """Whether no two values are alike."""
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


LAWS: SearchStrategy[Distribution] = st.one_of(
    JSON_VALUES.map(Constant),
    st.lists(JSON_VALUES, min_size=1, max_size=6)
    .filter(distinct)
    .map(lambda v: Categorical(tuple(v))),
    uniforms(),
    int_uniforms(),
    log_uniforms(),
    int_log_uniforms(),
    st.builds(Normal, DECIMALS, st.sampled_from([0.01, 1.0, 50.0]), st.none() | STEPS),
    st.builds(
        Quantized, st.builds(Normal, DECIMALS, st.sampled_from([0.1, 5.0, 1e4])), st.integers(1, 10)
    ),
)

SIX_PARAMETERS = SearchSpace(
    (
        Parameter("batch_size", Categorical((16, 32, 64, 128))),
        Parameter("dropout", Uniform(0.0, 0.5, 0.1)),
        Parameter("layers", IntUniform(1, 9, 2)),
        Parameter("lr", LogUniform(1e-4, 1e-2)),
        Parameter("momentum", Uniform(0.0, 1.0)),
        Parameter("noise", Normal(0.0, 2.0)),
    )
)

SMALL_GRID = SearchSpace(
    (
        Parameter("a", IntUniform(1, 3)),
        Parameter("b", Categorical(("x", None))),
        Parameter("c", Constant(True)),
    )
)


def spec(
    sampler: str = "random",
    space: SearchSpace = SIX_PARAMETERS,
    *,
    seed: int = 7,
    minimize: bool = True,
    run_cap: int | None = None,
) -> StudySpec:
    """A spec with a metric."""
    return StudySpec(
        AlgorithmChoice(sampler), space, seed, (Metric("loss", minimize),), run_cap=run_cap
    )


def run(
    number: int,
    parameters: Mapping[str, Any],
    state: RunState = RunState.RUNNING,
    objective: float | None = None,
    attempt: int = 1,
    last_step: int | None = None,
) -> RunRecord:
    """A record."""
    return RunRecord(number, state, attempt, parameters, objective, last_step)


def page(revision: int, next_number: int, *runs: RunRecord) -> Changes:
    """A sync's answer for a running sweep."""
    return Changes(revision, Standing(SweepState.RUNNING, None, next_number), runs)

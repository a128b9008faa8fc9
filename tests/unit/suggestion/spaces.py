"""Search spaces and runs for tests."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import pytest

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Changes,
    Metric,
    RunRecord,
    RunState,
    StudySpec,
    SweepState,
    SweepStatus,
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


CONDITIONAL = SearchSpace(
    (
        Parameter("depth", IntUniform(1, 5)),
        Parameter("lr", LogUniform(1e-4, 1e-1)),
        Parameter("momentum", Uniform(0.0, 1.0), (Condition("optimizer", ("sgd",)),)),
        Parameter("nesterov", Categorical((True, False)), (Condition("optimizer", ("sgd",)),)),
        Parameter("optimizer", Categorical(("adam", "sgd"))),
        Parameter("warmup", Constant(3), (Condition("nesterov", (True,)),)),
    )
)


def rounded(point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the point with its numbers rounded to nine digits.

    The densities of our TPE differ from those of Optuna's by rounding errors.
    """
    return {
        name: float(f"{value:.9g}") if isinstance(value, float) else value
        for name, value in point.items()
    }


without_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="torch is not installed: pip install 'wanllmdb[gp]'"
)


def spec(
    sampler: str = "random",
    space: SearchSpace = SIX_PARAMETERS,
    *,
    seed: int = 7,
    minimize: bool = True,
    run_cap: int | None = None,
    options: Mapping[str, Any] | None = None,
    metrics: int = 1,
) -> StudySpec:
    """Return a spec with the given number of metrics."""
    names = ("loss", "size", "time")[:metrics]
    return StudySpec(
        AlgorithmChoice(sampler, options or {}),
        space,
        seed,
        tuple(Metric(name, minimize) for name in names),
        run_cap=run_cap,
    )


def run(
    number: int,
    parameters: Mapping[str, Any],
    state: RunState = RunState.RUNNING,
    objective: float | None = None,
    attempt: int = 1,
    last_step: int | None = None,
) -> RunRecord:
    """Return a record."""
    return RunRecord(number, state, attempt, parameters, objective, last_step)


def page(revision: int, next_number: int, *runs: RunRecord) -> Changes:
    """Return the response to a sync of a running sweep."""
    return Changes(revision, SweepStatus(SweepState.RUNNING, None, next_number), runs)

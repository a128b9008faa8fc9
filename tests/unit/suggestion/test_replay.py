"""A model that followed a sweep and a model rebuilt from its runs propose the same points.

This holds for every sampler: docs/adr/0006-replayable-proposals.md says why.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.suggestion.imagined_sweep import Ask, ImaginedSweep, live_on
from tests.unit.suggestion.spaces import (
    CONDITIONAL,
    SIX_PARAMETERS,
    SMALL_GRID,
    spec,
    without_torch,
)
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.optimizer.model import Round, SweepModel
from wanllmdb_suggestion.optimizer.types import Metric, RunRecord, RunState, StudySpec

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@dataclass(frozen=True)
class Case:
    """A sampler as a sweep has it; `asks` is how long a sequence of it is.

    `impute` is what ended and what running runs without an objective count as.
    """

    sampler: str
    options: Mapping[str, Any] = field(default_factory=dict)
    space: SearchSpace = SIX_PARAMETERS
    metrics: int = 1
    asks: int = 30
    impute: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        options = ",".join(f"{k}={v}" for k, v in self.options.items())
        conditional = "conditional" if self.space is CONDITIONAL else ""
        named = [self.sampler, options, f"{self.metrics}m", conditional, *self.impute]
        return "-".join(filter(None, named))

    def spec(self) -> StudySpec:
        plain = spec(self.sampler, self.space, options=self.options, metrics=self.metrics)
        metrics = tuple(
            Metric(metric.name, metric.minimize, *self.impute) for metric in plain.metrics
        )
        return replace(plain, metrics=metrics)


PLAIN_CASES = [
    Case("random"),
    Case("random", space=CONDITIONAL),
    Case("random", space=SMALL_GRID),
    Case("qmc"),
    Case("qmc", {"qmc_type": "halton", "scramble": False}, CONDITIONAL),
    Case("grid", space=SMALL_GRID, asks=6),
    Case("brute_force", space=SMALL_GRID, asks=6),
    Case("tpe"),
    Case("tpe", {"failed_runs": "worst", "n_startup_trials": 4, "n_ei_candidates": 8}),
    Case("tpe", {"multivariate": False}),
    Case("tpe", {"constant_liar": False, "failed_runs": "worst"}),
    Case("tpe", space=CONDITIONAL),
    Case("tpe", {"group": True}, CONDITIONAL),
    Case("tpe", metrics=2),
    Case("tpe", space=SMALL_GRID),
    Case("cmaes"),
    Case("cmaes", {"with_margin": True, "consider_pruned_trials": True}),
    Case("cmaes", {"use_separable_cma": True, "popsize": 4}),
    Case("cmaes", {"lr_adapt": True, "failed_runs": "worst"}),
    Case("nsga2", {"population_size": 6}, metrics=2),
    Case("nsga2", {"population_size": 6, "failed_runs": "worst"}, CONDITIONAL, metrics=2),
    Case("nsga2", {"population_size": 5, "crossover": "undx", "mutation": "polynomial"}),
    Case("nsga3", {"population_size": 6}, metrics=3),
    Case("tpe", {"n_startup_trials": 4}, impute=("WORST", "WORST")),
    Case("tpe", {"n_startup_trials": 4, "constant_liar": False}, impute=("BEST", "LATEST")),
    Case("tpe", {"n_startup_trials": 4}, CONDITIONAL, impute=("LATEST", "")),
    Case("tpe", {"n_startup_trials": 4, "multivariate": False}, impute=("", "BEST")),
    Case("tpe", {"n_startup_trials": 4}, metrics=2, impute=("WORST", "")),
    Case("cmaes", {"popsize": 4}, impute=("LATEST", "")),
    Case("cmaes", {"popsize": 4}, impute=("WORST", "")),
    Case("nsga2", {"population_size": 6}, metrics=2, impute=("WORST", "")),
]

GP_CASES = [
    Case("gp", {"n_startup_trials": 4}, asks=10),
    Case("gp", {"n_startup_trials": 4}, asks=8, metrics=2),
    Case("gp", {"n_startup_trials": 3}, asks=8, impute=("WORST", "WORST")),
    Case("gp", {"n_startup_trials": 3}, asks=8, impute=("BEST", "LATEST")),
]

CASES = [*PLAIN_CASES, *(pytest.param(case, marks=without_torch) for case in GP_CASES)]


def name_of(case: object) -> str:
    return str(case)


def test_every_sampler_is_among_the_cases() -> None:
    seen = {case.sampler for case in (*PLAIN_CASES, *GP_CASES)}
    assert seen == {sampler.name for sampler in SAMPLERS if sampler.is_replayable}


def next_batch(model: SweepModel) -> Round:
    return model.propose([Ask(1), Ask(2)], seconds=99)


def rebuilt(case: Case, sweep: ImaginedSweep) -> SweepModel:
    model = SweepModel(case.spec())
    sweep.sync(model)
    return model


def losses(case: Case, record: RunRecord) -> list[float]:
    """Return a loss for each metric, smooth in the numeric parameters."""
    numbers = [
        float(value)
        for value in record.parameters.values()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return [sum((x - metric) ** 2 for x in numbers) for metric in range(case.metrics)]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@settings(max_examples=4)
@given(st.randoms(use_true_random=False), st.integers(0, 60))
def test_a_rebuilt_model_goes_on_as_the_warm_one(
    case: Case, choice: random.Random, steps: int
) -> None:
    sweep = ImaginedSweep(case.metrics)
    warm = SweepModel(case.spec())
    for _ in range(steps if case.sampler != "gp" else steps // 4):
        live_on(sweep, warm, choice)
    sweep.sync(warm)
    cold = rebuilt(case, sweep)
    first = next_batch(warm)
    assert first == next_batch(cold)
    # Proposing changes nothing, so a proposal that met a conflict is made again.
    assert first == next_batch(warm) == next_batch(cold)


@pytest.mark.parametrize("outstanding", [1, 4])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_killed_before_every_ask_the_sequence_is_the_same(case: Case, outstanding: int) -> None:
    def sequence(*, killed: bool) -> list[object]:
        sweep = ImaginedSweep(case.metrics)
        model = SweepModel(case.spec())
        running: deque[RunRecord] = deque()
        proposals: list[object] = []
        for number in range(case.asks):
            if killed:
                model = SweepModel(case.spec())
            sweep.sync(model)
            batch = model.propose([Ask(1)], seconds=99)
            proposals.append(batch)
            running.extend(sweep.hand_out(batch))
            if len(running) == outstanding:
                record = running.popleft()
                if number % 9 == 8:
                    sweep.end(record, RunState.FAILED)
                else:
                    sweep.end(record, RunState.FINISHED, *losses(case, record))
        return proposals

    assert sequence(killed=True) == sequence(killed=False)


@pytest.mark.parametrize(
    "case",
    [case for case in PLAIN_CASES if case.sampler not in ("grid", "brute_force")],
    ids=name_of,
)
def test_prior_runs_that_come_late_change_nothing_else(case: Case) -> None:
    """A model that gets prior runs late agrees with a model that read them first."""
    sweep = ImaginedSweep(case.metrics)
    warm = SweepModel(case.spec())
    source = SweepModel(spec("random", case.space, seed=3, metrics=case.metrics))
    points = source.propose([Ask(13)], seconds=99).suggestions[0].proposals
    for round_ in range(13):
        sweep.sync(warm)
        for record in sweep.hand_out(warm.propose([Ask(2)], seconds=99)):
            sweep.end(record, RunState.FINISHED, *losses(case, record))
        point = points[round_].parameters
        sweep.import_run(point, *[0.5] * case.metrics if round_ % 5 else [])
        sweep.sync(warm)
        assert next_batch(warm) == next_batch(rebuilt(case, sweep))


def test_a_different_seed_proposes_differently() -> None:
    models = [SweepModel(spec(seed=seed, space=SIX_PARAMETERS)) for seed in (1, 2)]
    assert next_batch(models[0]) != next_batch(models[1])

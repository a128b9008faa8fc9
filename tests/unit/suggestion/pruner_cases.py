"""Pruners with options, each with Optuna's counterpart, and runs with invented values."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)

from tests.unit.suggestion import spaces
from wanllmdb_suggestion.optimizer.pruners.make_stop_rule import make_stop_rule
from wanllmdb_suggestion.optimizer.pruners.pruner import StopRule
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Metric,
    RunRecord,
    RunState,
    StudySpec,
)

SEED = 7

Case = tuple[AlgorithmChoice, Callable[[], BasePruner]]

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def choice(pruner: str, /, **options: Any) -> AlgorithmChoice:
    """Return a pruner by name."""
    return AlgorithmChoice(pruner, options)


# Ours and Optuna's, by what is special about the case. If the patient pruner wraps a pruner with
# rungs, only one rung is in reach: `Rungs` describes runs that pass several rungs at once.
CASES: dict[str, Case] = {
    "median": (choice("median"), MedianPruner),
    "median, rarely": (
        choice("median", n_startup_trials=2, n_warmup_steps=3, interval_steps=4, n_min_trials=2),
        lambda: MedianPruner(2, 3, 4, n_min_trials=2),
    ),
    "percentile": (choice("percentile", percentile=25), lambda: PercentilePruner(25.0)),
    "percentile, most go on": (
        choice("percentile", percentile=80.5, n_startup_trials=0, interval_steps=3),
        lambda: PercentilePruner(80.5, 0, 0, 3),
    ),
    "threshold": (choice("threshold", upper=1.5), lambda: ThresholdPruner(upper=1.5)),
    "threshold, both ends": (
        choice("threshold", lower=-1.5, upper=2, n_warmup_steps=2, interval_steps=3),
        lambda: ThresholdPruner(-1.5, 2, 2, 3),
    ),
    "successive_halving": (choice("successive_halving"), SuccessiveHalvingPruner),
    "successive_halving, later": (
        choice(
            "successive_halving",
            min_resource=2,
            reduction_factor=3,
            min_early_stopping_rate=1,
            bootstrap_count=1,
        ),
        lambda: SuccessiveHalvingPruner(2, 3, 1, 1),
    ),
    "hyperband": (choice("hyperband"), HyperbandPruner),
    "hyperband, by length": (
        choice("hyperband", min_resource=2, max_resource=20, reduction_factor=3, bootstrap_count=1),
        lambda: HyperbandPruner(2, 20, 3, 1),
    ),
    "patient": (choice("patient", patience=2), lambda: PatientPruner(None, 2)),
    "patient, median": (
        choice("patient", patience=1, min_delta=0.2, wrapped={"name": "median"}),
        lambda: PatientPruner(MedianPruner(), 1, 0.2),
    ),
    "patient, ASHA": (
        choice(
            "patient",
            patience=0,
            wrapped={"name": "successive_halving", "options": {"min_resource": 8}},
        ),
        lambda: PatientPruner(SuccessiveHalvingPruner(8), 0),
    ),
    "patient, patient": (
        choice(
            "patient",
            patience=1,
            wrapped={
                "name": "patient",
                "options": {
                    "patience": 2,
                    "wrapped": {
                        "name": "hyperband",
                        "options": {"min_resource": 6, "max_resource": 15},
                    },
                },
            },
        ),
        lambda: PatientPruner(PatientPruner(HyperbandPruner(6, 15), 2), 1),
    ),
    "wilcoxon": (choice("wilcoxon"), WilcoxonPruner),
    "wilcoxon, sharper": (
        choice("wilcoxon", p_threshold=0.4, n_startup_steps=5),
        lambda: WilcoxonPruner(p_threshold=0.4, n_startup_steps=5),
    ),
}


def rule_of(pruner: AlgorithmChoice, *, minimize: bool = True) -> StopRule:
    """Return the pruner as the rule of a sweep."""
    spec = StudySpec(
        AlgorithmChoice("random"),
        spaces.SIX_PARAMETERS,
        SEED,
        (Metric("loss", minimize),),
        pruner=pruner,
    )
    rule = make_stop_rule(spec)
    assert rule is not None
    return rule


def record(
    number: int, state: RunState = RunState.RUNNING, objective: float | None = None
) -> RunRecord:
    """Return the record of a run."""
    return RunRecord(number, state, 1, {}, objective)


def made_up_run(rng: random.Random, *, nan: bool) -> dict[int, float]:
    """Return noisy, falling values, at steps that are one or two apart."""
    level, slope = rng.gauss(0, 1), rng.uniform(0, 0.1)
    values = {}
    step = rng.randint(0, 1)
    for _ in range(rng.randint(0, 25)):
        value = level - slope * step + rng.gauss(0, 0.4)
        values[step] = math.nan if nan and rng.random() < 0.08 else value
        step += rng.choice([1, 1, 1, 2])
    return values

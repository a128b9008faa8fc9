"""Makes the rule of early termination that a spec names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.exceptions import ExperimentalWarning

from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_suggestion.optimizer.pruners.hyperband import Gate, Hyperband, SuccessiveHalving
from wanllmdb_suggestion.optimizer.pruners.learning_curves import LearningCurve
from wanllmdb_suggestion.optimizer.pruners.patient import Patient, Stagnation
from wanllmdb_suggestion.optimizer.pruners.percentile import MEDIAN, Percentile
from wanllmdb_suggestion.optimizer.pruners.pruner import Pruner, PrunerRule, Setting, StopRule
from wanllmdb_suggestion.optimizer.pruners.threshold import Threshold
from wanllmdb_suggestion.optimizer.pruners.wandb_hyperband import WandbHyperbandRule
from wanllmdb_suggestion.optimizer.pruners.wilcoxon import Wilcoxon
from wanllmdb_suggestion.optimizer.types import AlgorithmChoice, StudySpec

# Optuna marks some pruners as experimental and would warn for every sweep.
warnings.filterwarnings("ignore", category=ExperimentalWarning)

_DESCRIPTIONS = {description.name: description for description in PRUNERS}


def make_stop_rule(spec: StudySpec) -> StopRule | None:
    """Return the rule of early termination; None without one, or without exactly one metric."""
    if spec.metric is None:
        return None
    if spec.hyperband is not None:
        return WandbHyperbandRule(spec.hyperband, spec.metric, minimize=spec.minimize)
    if spec.pruner is not None and is_known(spec.pruner):
        # Optuna's hyperband derives brackets from the name of the study.
        setting = Setting(spec.metric, spec.minimize, name=str(spec.seed))
        return PrunerRule(_pruner(spec.pruner, setting))
    return None


def wrapped_choice(choice: AlgorithmChoice) -> AlgorithmChoice | None:
    """Return the pruner that a pruner wraps; None if it wraps none."""
    wrapped: Any = choice.options.get("wrapped")
    return None if wrapped is None else AlgorithmChoice(wrapped["name"], wrapped.get("options", {}))


def is_known(choice: AlgorithmChoice | None) -> bool:
    """Return whether this service has the pruner and the pruners that it wraps."""
    while choice is not None:
        if choice.name not in _DESCRIPTIONS:
            return False
        choice = wrapped_choice(choice)
    return True


def _pruner(choice: AlgorithmChoice, setting: Setting, out: Sequence[Stagnation] = ()) -> Pruner:
    """Return the pruner; the run must be stagnant by each of `out`, the pruners around it."""
    options: Mapping[str, Any] = _DESCRIPTIONS[choice.name].values(choice.options)
    match choice.name:
        case "median":
            return Percentile(setting, MEDIAN, **options)
        case "percentile":
            return Percentile(setting, **options)
        case "threshold":
            return Threshold(setting, **options)
        case "wilcoxon":
            return Wilcoxon(setting, **options)
        case "successive_halving":
            return SuccessiveHalving(setting, **options, gate=_gate(out))
        case "hyperband":
            return Hyperband(setting, **options, gate=_gate(out))
        case "patient":
            own = Stagnation(setting, options["patience"], options["min_delta"])
            inner = wrapped_choice(choice)
            wrapped = None if inner is None else _pruner(inner, setting, [*out, own])
            return Patient(setting, own, wrapped)
        case name:
            raise ValueError(f"no pruner is named '{name}'")


def _gate(out: Sequence[Stagnation]) -> Gate | None:
    if not out:
        return None

    def is_open(curve: LearningCurve, at: int) -> bool:
        return all(stagnation.is_stagnant(curve, at) for stagnation in out)

    return is_open

"""How much each parameter matters for the objective.

Functional ANOVA over a random forest: Hutter, Hoos, Leyton-Brown, An Efficient
Approach for Assessing Hyperparameter Importance, ICML 2014.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_suggestion.study.model import SweepModel
from wanllmdb_suggestion.study.records import RunState
from wanllmdb_suggestion.study.space_mapping import SpaceMapping

# fANOVA's time grows faster than the runs; the latest ones say most.
MAX_RUNS = 1_000

# The forest is random; with a fixed seed the same runs give the same answer.
FOREST_SEED = 0


@dataclass(frozen=True, slots=True)
class ImportanceData:
    """The runs that importance is computed from; can be sent to another process.

    Attributes:
        distributions: The searched parameters.
        points: A run's parameters as values of `distributions`, one entry a run.
        objectives: The runs' objectives; finite.
        finished: How many runs of the sweep are finished with a finite objective.
    """

    distributions: Mapping[str, BaseDistribution]
    points: Sequence[Mapping[str, Any]]
    objectives: Sequence[float]
    finished: int

    def digest(self) -> bytes:
        """Equal for equal data."""
        hasher = blake2b(digest_size=16)
        for point, objective in zip(self.points, self.objectives, strict=True):
            hasher.update(repr((sorted(point.items()), objective)).encode())
        return hasher.digest()


def importance_data(model: SweepModel) -> ImportanceData:
    """The latest finished runs of a sweep, at most MAX_RUNS.

    Infinite objectives are left out: they have no variance to explain.
    """
    mapping = SpaceMapping(model.spec.space)
    finished = sorted(
        number
        for number, run in model.runs.items()
        if run.state is RunState.FINISHED
        and run.objective is not None
        and math.isfinite(run.objective)
    )
    used = [model.runs[number] for number in finished[-MAX_RUNS:]]
    return ImportanceData(
        distributions=mapping.distributions,
        points=[mapping.encode(run.parameters) for run in used],
        objectives=[run.objective for run in used if run.objective is not None],
        finished=len(finished),
    )


def importances(data: ImportanceData) -> list[tuple[str, float]]:
    """Shares of the objective's variance, most important first, then by name; they sum to 1.

    Where the objective never varies, or the forest finds no parameter that
    explains it, all parameters have the same share. Takes seconds from some
    hundred runs on. Needs at least 2 runs; no parameters give no entries.
    """
    names = sorted(data.distributions)
    if len(names) < 2:
        return [(name, 1.0) for name in names]
    varies = min(data.objectives) < max(data.objectives)
    scores = _fanova(data) if varies else {}
    total = math.fsum(scores.values())
    if not total > 0 or not math.isfinite(total):
        return [(name, 1 / len(names)) for name in names]
    shares = [(name, scores.get(name, 0.0) / total) for name in names]
    return sorted(shares, key=lambda share: (-share[1], share[0]))


def _fanova(data: ImportanceData) -> dict[str, float]:
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage)
    study_id = storage.get_study_id_from_name(study.study_name)
    for number, objective in enumerate(data.objectives):
        # Not by `add_trial`: that refuses values between steps, which a user may
        # have tried.
        storage.create_new_trial(study_id, _trial(data, number, objective))
    evaluator = FanovaImportanceEvaluator(seed=FOREST_SEED)
    scores: dict[str, float] = evaluator.evaluate(study, params=list(data.distributions))
    return scores


def _trial(data: ImportanceData, number: int, objective: float) -> FrozenTrial:
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=TrialState.COMPLETE,
        value=objective,
        datetime_start=None,
        datetime_complete=None,
        params=dict(data.points[number]),
        distributions=dict(data.distributions),
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )

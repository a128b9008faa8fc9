"""PED-ANOVA: the parameters that distinguish the best tenth of the runs from the others.

Watanabe, Bansal, Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter
Importance in Arbitrary Subspaces, IJCAI 2023, as implemented in Optuna.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats
from wanllmdb_suggestion.optimizer.trial_storage import TrialStorage


def divergences(
    columns: Mapping[str, Floats], distributions: Mapping[str, BaseDistribution], losses: Floats
) -> dict[str, float]:
    """Return how far each parameter's values in the best tenth differ from those in all runs.

    Args:
        columns: By parameter, values of its distribution, shape (runs,); NaN where absent.
        distributions: By parameter, what Optuna samples.
        losses: Shape (runs,), finite; smaller is better.

    Returns:
        By parameter; at least 0, unscaled.
    """
    taken = {name: _in_doubles(distribution) for name, distribution in distributions.items()}
    values = {name: _values(taken[name], column) for name, column in columns.items()}
    storage = TrialStorage([StudyDirection.MINIMIZE], taken)
    for row, loss in enumerate(losses.tolist()):
        params = {name: own[row] for name, own in values.items() if own[row] is not None}
        storage.put(row, TrialState.COMPLETE, params, [loss])
    study = storage.study(RandomSampler())
    # Imports scikit-learn, half of all modules of the service, so not at its start.
    from optuna.importance import PedAnovaImportanceEvaluator

    with warnings.catch_warnings():
        # Optuna warns of few runs, which is meant for users of notebooks.
        warnings.simplefilter("ignore")
        found = PedAnovaImportanceEvaluator().evaluate(study)
    return {name: float(found.get(name, 0.0)) for name in columns}


def _in_doubles(distribution: BaseDistribution) -> BaseDistribution:
    """Return integers beyond the precision of doubles as floats, as Optuna checks doubles."""
    if (
        isinstance(distribution, IntDistribution)
        and max(-distribution.low, distribution.high) > 2**53
    ):
        return FloatDistribution(distribution.low, distribution.high, log=distribution.log)
    return distribution


def _values(distribution: BaseDistribution, column: Floats) -> list[Any]:
    """Return the values on steps and within bounds, as Optuna takes them; None where absent."""
    if isinstance(distribution, FloatDistribution | IntDistribution):
        if distribution.step is not None:
            column = (
                distribution.low
                + np.round((column - distribution.low) / distribution.step) * distribution.step
            )
        column = np.clip(column, distribution.low, distribution.high)
    kind = float if isinstance(distribution, FloatDistribution) else int
    return [None if math.isnan(x) else kind(x) for x in column.tolist()]

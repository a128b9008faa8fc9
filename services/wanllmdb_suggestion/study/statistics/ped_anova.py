"""PED-ANOVA: which parameters tell the best tenth of the runs from the others.

Watanabe, Bansal, Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter
Importance in Arbitrary Subspaces, IJCAI 2023, as Optuna has it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial, create_trial

from wanllmdb_suggestion.study.statistics.runs import Floats


def divergences(
    columns: Mapping[str, Floats], laws: Mapping[str, BaseDistribution], losses: Floats
) -> dict[str, float]:
    """How far each parameter's values in the best tenth are from those in all runs.

    Args:
        columns: By parameter, values of its law, shape (runs,); NaN where absent.
        laws: By parameter, what Optuna samples.
        losses: Shape (runs,), finite; smaller is better.

    Returns:
        By parameter; at least 0, not scaled.
    """
    taken = {name: _in_doubles(law) for name, law in laws.items()}
    values = {name: _values(taken[name], column) for name, column in columns.items()}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    study.add_trials(
        _trial({name: own[row] for name, own in values.items()}, taken, float(loss))
        for row, loss in enumerate(losses)
    )
    with warnings.catch_warnings():
        # Of few runs, for the user of a notebook.
        warnings.simplefilter("ignore")
        found = PedAnovaImportanceEvaluator().evaluate(study)
    return {name: float(found.get(name, 0.0)) for name in columns}


def _trial(
    values: Mapping[str, Any], laws: Mapping[str, BaseDistribution], loss: float
) -> FrozenTrial:
    params = {name: value for name, value in values.items() if value is not None}
    return create_trial(
        params=params, distributions={name: laws[name] for name in params}, value=loss
    )


def _in_doubles(law: BaseDistribution) -> BaseDistribution:
    """Integers that doubles do not tell apart as floats: Optuna checks them as doubles."""
    if isinstance(law, IntDistribution) and max(-law.low, law.high) > 2**53:
        return FloatDistribution(law.low, law.high, log=law.log)
    return law


def _values(law: BaseDistribution, column: Floats) -> list[Any]:
    """What Optuna takes for values of the law, on steps and within bounds; None where absent."""
    if isinstance(law, FloatDistribution | IntDistribution):
        if law.step is not None:
            column = law.low + np.round((column - law.low) / law.step) * law.step
        column = np.clip(column, law.low, law.high)
    kind = float if isinstance(law, FloatDistribution) else int
    return [None if math.isnan(x) else kind(x) for x in column.tolist()]

"""Each parameter's share in the objective, by any of the evaluators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.plot_axes import categories_of
from wanllmdb_suggestion.optimizer.importance.fanova import main_effects
from wanllmdb_suggestion.optimizer.importance.forest import forest_input, impurity_decreases
from wanllmdb_suggestion.optimizer.importance.ped_anova import divergences
from wanllmdb_suggestion.optimizer.space_mapping import Dimension, dimension
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Bools, Floats, ScoredRuns

# The time of a forest grows faster than the runs, and the latest runs are the most relevant. Over
# six parameters, fANOVA of 8,000 runs takes 2.2 s of processor time instead of 0.3 s, and its
# shares differ by at most 0.02.
MAX_FOREST_RUNS = 1_000
# The memory of a forest grows with its columns: this many take some hundred megabytes.
MAX_FOREST_COLUMNS = 5_000

# PED-ANOVA takes the latest runs with at most this many values in all, which takes seconds.
MAX_PED_VALUES = 2_000_000

# A fixed seed, so that the same runs give the same shares.
FOREST_SEED = 0


class Evaluator(StrEnum):
    """A method of computing importance; the names are those of `wanllmdb_common.algorithms`."""

    FANOVA = "fanova"
    MEAN_DECREASE_IMPURITY = "mean_decrease_impurity"
    PED_ANOVA = "ped_anova"


@dataclass(frozen=True, slots=True)
class ImportanceData:
    """The runs that importance is computed from, picklable for another process.

    Attributes:
        evaluator: How to compute it.
        distributions: The searched parameters, by name in order, as Optuna samples them.
        columns: By parameter, a run's values of its distribution, shape (runs,); NaN where absent.
        losses: Shape (runs,), finite; smaller is better.
    """

    evaluator: Evaluator
    distributions: Mapping[str, BaseDistribution]
    columns: Mapping[str, Floats]
    losses: Floats

    def digest(self) -> bytes:
        """Return a digest that is equal for equal data."""
        hasher = blake2b(
            repr((self.evaluator, list(self.distributions.items()))).encode(), digest_size=16
        )
        for column in (self.losses, *self.columns.values()):
            hasher.update(column.tobytes())
        return hasher.digest()


def runs_for(runs: ScoredRuns, evaluator: Evaluator) -> ScoredRuns:
    """Return the runs that the evaluator uses: all runs, or the latest ones."""
    most = MAX_FOREST_RUNS
    if evaluator is Evaluator.PED_ANOVA:
        most = MAX_PED_VALUES // max(len(runs.parameters), 1)
    return runs if len(runs) <= most else runs.at(slice(-most, None))


def forest_columns(space: SearchSpace) -> int:
    """Return the most columns that a forest over the space can have."""
    return sum(max(len(categories_of(p.distribution)), 1) for p in space.parameters)


def importance_data(runs: ScoredRuns, space: SearchSpace, evaluator: Evaluator) -> ImportanceData:
    """Return the runs in the form that the evaluator takes."""
    distributions: dict[str, BaseDistribution] = {}
    columns: dict[str, Floats] = {}
    for parameter in space.parameters:
        searched = dimension(parameter.distribution)
        if isinstance(searched, Dimension) and parameter.name in runs.parameters:
            distributions[parameter.name] = searched.distribution
            columns[parameter.name] = _encoded(searched, runs.parameters[parameter.name])
    return ImportanceData(evaluator, distributions, columns, runs.losses)


def importances(data: ImportanceData) -> list[tuple[str, float]]:
    """Return the parameters' shares, which sum to 1, most important first, then by name.

    If no parameter explains the objective, all parameters have the same share. A forest takes
    about a second for 1,000 runs. At least 2 runs are needed. Without parameters, the result is
    empty.
    """
    names = sorted(data.columns)
    weights = (
        divergences(data.columns, data.distributions, data.losses)
        if data.evaluator is Evaluator.PED_ANOVA
        else _variances(data)
    )
    total = sum(weights.values())
    shares = {name: weights[name] / total if total > 0 else 1 / len(names) for name in names}
    return sorted(shares.items(), key=lambda share: (-share[1], share[0]))


def _variances(data: ImportanceData) -> dict[str, float]:
    """Return the variance of the objective that each parameter accounts for, by a forest.

    A conditional parameter is evaluated among the runs that have it: its share of the variance
    of these runs, times that variance, times the share of these runs among all runs. So a
    parameter that decides everything in a rare branch is weighted by the frequency of the
    branch, and the difference between branches is attributed to the parameter that chooses.
    """
    evaluate = main_effects if data.evaluator is Evaluator.FANOVA else impurity_decreases
    losses = _scaled(data.losses)
    variances = dict.fromkeys(data.columns, 0.0)
    for rows, names in _by_presence(data.columns):
        if rows.sum() < 2:
            continue
        present = {
            name: column[rows]
            for name, column in data.columns.items()
            if not np.isnan(column[rows]).all()
        }
        points, blocks = forest_input(present, data.distributions, FOREST_SEED)
        shares = evaluate(points, losses[rows], blocks, FOREST_SEED)
        weight = float(losses[rows].var() * rows.mean())
        own = dict(zip(present, shares.tolist(), strict=True))
        variances.update((name, own[name] * weight) for name in names)
    return variances


def _by_presence(columns: Mapping[str, Floats]) -> Iterator[tuple[Bools, Sequence[str]]]:
    """Yield the groups of parameters that the same runs have, with these runs."""
    groups: dict[bytes, tuple[Bools, list[str]]] = {}
    for name, column in columns.items():
        present = ~np.isnan(column)
        groups.setdefault(present.tobytes(), (present, []))[1].append(name)
    yield from groups.values()


def _encoded(searched: Dimension, positions: Floats) -> Floats:
    """Return positions on the parameter's axis as values of the sampled distribution."""
    if isinstance(searched.distribution, CategoricalDistribution):
        # Both are the index of the category.
        return positions
    return np.array(
        [x if math.isnan(x) else float(searched.encode(x)) for x in positions.tolist()],
        dtype=np.float64,
    )


def _scaled(losses: Floats) -> Floats:
    """Scale losses to [-1, 1], so that squares do not overflow; shares ignore the scale."""
    largest = np.abs(losses).max(initial=0.0)
    return losses / largest if largest > 0 else losses

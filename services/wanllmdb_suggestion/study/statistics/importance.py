"""How much each parameter matters for the objective."""

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
from wanllmdb_suggestion.study.dimension import Dimension, dimension
from wanllmdb_suggestion.study.statistics.fanova import main_effects
from wanllmdb_suggestion.study.statistics.forest import forest_input, impurity_decreases
from wanllmdb_suggestion.study.statistics.ped_anova import divergences
from wanllmdb_suggestion.study.statistics.runs import Bools, Floats, ScoredRuns

# The time of a forest grows faster than the runs; the latest ones say most.
MAX_FOREST_RUNS = 1_000
# And its memory with its columns: this many take some hundred megabytes.
MAX_FOREST_COLUMNS = 5_000

# PED-ANOVA takes the latest runs that have so many values together, some seconds' work.
MAX_PED_VALUES = 2_000_000

# The forest is random; with a fixed seed the same runs give the same answer.
FOREST_SEED = 0


class Evaluator(StrEnum):
    """How importance is computed; the names are those of `wanllmdb_common.algorithms`."""

    FANOVA = "fanova"
    MEAN_DECREASE_IMPURITY = "mean_decrease_impurity"
    PED_ANOVA = "ped_anova"


@dataclass(frozen=True, slots=True)
class ImportanceData:
    """The runs that importance is computed from; can be sent to another process.

    Attributes:
        evaluator: How to compute it.
        laws: The searched parameters, by name in order, as Optuna samples them.
        columns: By parameter, a run's values of its law, shape (runs,); NaN where absent.
        losses: Shape (runs,), finite; smaller is better.
    """

    evaluator: Evaluator
    laws: Mapping[str, BaseDistribution]
    columns: Mapping[str, Floats]
    losses: Floats

    def digest(self) -> bytes:
        """Equal for equal data."""
        hasher = blake2b(repr((self.evaluator, list(self.laws.items()))).encode(), digest_size=16)
        for column in (self.losses, *self.columns.values()):
            hasher.update(column.tobytes())
        return hasher.digest()


def runs_for(runs: ScoredRuns, evaluator: Evaluator) -> ScoredRuns:
    """Those that the evaluator uses: all of them, or the latest."""
    most = MAX_FOREST_RUNS
    if evaluator is Evaluator.PED_ANOVA:
        most = MAX_PED_VALUES // max(len(runs.parameters), 1)
    return runs if len(runs) <= most else runs.at(slice(-most, None))


def forest_columns(space: SearchSpace) -> int:
    """How many columns a forest over the space has at most."""
    return sum(max(len(categories_of(p.distribution)), 1) for p in space.parameters)


def importance_data(runs: ScoredRuns, space: SearchSpace, evaluator: Evaluator) -> ImportanceData:
    """The runs as the evaluator takes them."""
    laws: dict[str, BaseDistribution] = {}
    columns: dict[str, Floats] = {}
    for parameter in space.parameters:
        searched = dimension(parameter.distribution)
        if isinstance(searched, Dimension) and parameter.name in runs.parameters:
            laws[parameter.name] = searched.distribution
            columns[parameter.name] = _encoded(searched, runs.parameters[parameter.name])
    return ImportanceData(evaluator, laws, columns, runs.losses)


def importances(data: ImportanceData) -> list[tuple[str, float]]:
    """The parameters' shares, most important first, then by name; they sum to 1.

    Where nothing explains the objective, all parameters have the same share. A
    forest takes about a second for 1,000 runs. Needs at least 2 runs; no
    parameters give no entries.
    """
    names = sorted(data.columns)
    weights = (
        divergences(data.columns, data.laws, data.losses)
        if data.evaluator is Evaluator.PED_ANOVA
        else _variances(data)
    )
    total = sum(weights.values())
    shares = {name: weights[name] / total if total > 0 else 1 / len(names) for name in names}
    return sorted(shares.items(), key=lambda share: (-share[1], share[0]))


def _variances(data: ImportanceData) -> dict[str, float]:
    """The variance of the objective that each parameter accounts for, by a forest.

    A conditional parameter is judged among the runs that have it: its share of
    these runs' variance, times that variance, times how many of all runs they are. So
    one that decides everything in a rare branch counts by how rare that is, and
    what sets branches apart is left to the parameter that chooses between them.
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
        points, blocks = forest_input(present, data.laws, FOREST_SEED)
        shares = evaluate(points, losses[rows], blocks, FOREST_SEED)
        weight = float(losses[rows].var() * rows.mean())
        own = dict(zip(present, shares.tolist(), strict=True))
        variances.update((name, own[name] * weight) for name in names)
    return variances


def _by_presence(columns: Mapping[str, Floats]) -> Iterator[tuple[Bools, Sequence[str]]]:
    """The parameters that the same runs have, and these runs."""
    groups: dict[bytes, tuple[Bools, list[str]]] = {}
    for name, column in columns.items():
        present = ~np.isnan(column)
        groups.setdefault(present.tobytes(), (present, []))[1].append(name)
    yield from groups.values()


def _encoded(searched: Dimension, positions: Floats) -> Floats:
    """Positions on the parameter's axis as values of what Optuna samples."""
    if isinstance(searched.distribution, CategoricalDistribution):
        # Both are the category's index.
        return positions
    return np.array(
        [x if math.isnan(x) else float(searched.encode(x)) for x in positions.tolist()],
        dtype=np.float64,
    )


def _scaled(losses: Floats) -> Floats:
    """To [-1, 1]: shares do not depend on the scale, and squares must not overflow."""
    largest = np.abs(losses).max(initial=0.0)
    return losses / largest if largest > 0 else losses

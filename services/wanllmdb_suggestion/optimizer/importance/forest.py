"""A random forest over parameters, for fANOVA and mean decrease impurity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

# The values of Optuna's evaluators.
TREES = 64
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Block:
    """A parameter as columns of the forest's input.

    A number has one column, scaled to [0, 1] so that its distribution is uniform there. A
    category has one column for each choice, with 1 for the run's choice and 0 for the others.
    """

    first_column: int
    columns: int = 1


def grown_forest(points: Floats, objectives: Floats, seed: int) -> RandomForestRegressor:
    """Return a forest fitted to points, shape (runs, columns), and objectives, shape (runs,)."""
    # Imported here, in the worker process: the import takes seconds, which would delay the
    # start of the server.
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=TREES, max_depth=MAX_DEPTH, random_state=seed)
    return forest.fit(points, objectives)


def impurity_decreases(
    points: Floats, objectives: Floats, blocks: Sequence[Block], seed: int
) -> Floats:
    """Return how much splits by each parameter decrease the variance in the forest's nodes.

    Breiman, Random Forests, 2001. The method favors parameters with many values.

    Args:
        points: Shape (runs, columns), see `Block`.
        objectives: Shape (runs,), finite.
        blocks: The parameters, together all columns.
        seed: Of the forest.

    Returns:
        Shape (parameters,): shares that sum to 1, or all 0 if no tree splits.
    """
    decreases = grown_forest(points, objectives, seed).feature_importances_
    return np.add.reduceat(decreases, [block.first_column for block in blocks])


def forest_input(
    columns: Mapping[str, Floats], distributions: Mapping[str, BaseDistribution], seed: int
) -> tuple[Floats, list[Block]]:
    """Return the runs' points, shape (runs, columns), and the block of each parameter.

    A parameter that a run does not have gets a value drawn from its distribution. So the
    parameter carries no information about runs without it, neither by its values nor by its
    absence, which the parameters in its conditions show already.

    Args:
        columns: By parameter, values of its distribution, shape (runs,); NaN where absent.
        distributions: By parameter, the distribution that Optuna samples.
        seed: The seed of the values for absent parameters.
    """
    draw = np.random.default_rng(seed)
    parts: list[Floats] = []
    blocks: list[Block] = []
    width = 0
    for name, values in columns.items():
        part = _part(distributions[name], values, draw)
        parts.append(part)
        blocks.append(Block(width, part.shape[1]))
        width += part.shape[1]
    return np.concatenate(parts, axis=1), blocks


def _part(distribution: BaseDistribution, values: Floats, draw: np.random.Generator) -> Floats:
    """Return one parameter's columns, see `Block`."""
    absent = np.isnan(values)
    if isinstance(distribution, CategoricalDistribution):
        drawn = draw.integers(len(distribution.choices), size=len(values))
        return np.eye(len(distribution.choices))[np.where(absent, drawn, values).astype(np.intp)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    # The first and the last step are as likely as the others, so their cells extend half a step
    # beyond the bounds.
    margin = (distribution.step or 0) / 2
    low, high = distribution.low - margin, distribution.high + margin
    if distribution.log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    # Halved first, because the width may overflow a double.
    unit = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.where(absent, draw.random(len(values)), np.clip(unit, 0.0, 1.0))[:, np.newaxis]

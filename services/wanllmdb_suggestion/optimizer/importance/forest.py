"""A random forest over parameters: what fANOVA and mean decrease impurity read."""

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

# Both as in Optuna's evaluators.
TREES = 64
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Block:
    """A parameter as columns of the forest's input.

    A number has one column, in [0, 1] such that its distribution is uniform there. A
    category has a column a choice, all of them 0 but that of the choice, which
    is 1.
    """

    first_column: int
    columns: int = 1


def grown_forest(points: Floats, objectives: Floats, seed: int) -> RandomForestRegressor:
    """A forest fitted to points, shape (runs, columns), and objectives, shape (runs,)."""
    # Loaded where it is used, in a process of its own: it takes seconds, which
    # the server's start would wait for.
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=TREES, max_depth=MAX_DEPTH, random_state=seed)
    return forest.fit(points, objectives)


def impurity_decreases(
    points: Floats, objectives: Floats, blocks: Sequence[Block], seed: int
) -> Floats:
    """How much splits by each parameter decrease the variance in the forest's nodes.

    Breiman, Random Forests, 2001. Favours parameters with many values.

    Args:
        points: Shape (runs, columns), see `Block`.
        objectives: Shape (runs,), finite.
        blocks: The parameters, together all columns.
        seed: Of the forest.

    Returns:
        Shape (parameters,): shares that sum to 1, or all 0 where no tree splits.
    """
    decreases = grown_forest(points, objectives, seed).feature_importances_
    return np.add.reduceat(decreases, [block.first_column for block in blocks])


def forest_input(
    columns: Mapping[str, Floats], distributions: Mapping[str, BaseDistribution], seed: int
) -> tuple[Floats, list[Block]]:
    """The runs' points, shape (runs, columns), and which columns are whose.

    A parameter that a run does not have gets a value drawn from its distribution: so it
    says nothing about the runs without it, neither by its values nor by being absent,
    which its conditions' parameters say already.

    Args:
        columns: By parameter, values of its distribution, shape (runs,); NaN where absent.
        distributions: By parameter, what Optuna samples.
        seed: Of the values for absent parameters.
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
    """One parameter's columns, see `Block`."""
    absent = np.isnan(values)
    if isinstance(distribution, CategoricalDistribution):
        drawn = draw.integers(len(distribution.choices), size=len(values))
        return np.eye(len(distribution.choices))[np.where(absent, drawn, values).astype(np.intp)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    # The first and the last step are as likely as the others, so each owns the
    # half step outside of it too.
    margin = (distribution.step or 0) / 2
    low, high = distribution.low - margin, distribution.high + margin
    if distribution.log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    # Halved first: the width may be more than a double holds.
    unit = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.where(absent, draw.random(len(values)), np.clip(unit, 0.0, 1.0))[:, np.newaxis]

"""Functional ANOVA over a random forest: each parameter's share of a function's variance.

Hutter, Hoos, Leyton-Brown, An Efficient Approach for Assessing Hyperparameter
Importance, ICML 2014. The main effects are computed exactly and for all leaves
at once: a tree is constant on boxes, so a parameter's marginal is a step
function whose jumps are the boxes' ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wanllmdb_suggestion.optimizer.importance.forest import Block, grown_forest
from wanllmdb_suggestion.optimizer.statistics.finished_runs import Floats


@dataclass(frozen=True, slots=True)
class _Leaves:
    """A tree's leaves: values, shape (leaves,), and boxes, shape (leaves, columns)."""

    values: Floats
    lows: Floats
    highs: Floats


def main_effects(points: Floats, objectives: Floats, blocks: Sequence[Block], seed: int) -> Floats:
    """Return each parameter's share of the forest's variance, averaged over its trees.

    Args:
        points: Shape (runs, columns), see `Block`.
        objectives: Shape (runs,), finite.
        blocks: The parameters, together all columns.
        seed: Of the forest.

    Returns:
        Shape (parameters,): shares in [0, 1], together at most 1. The variance that
        interactions explain is not attributed. All 0 if no tree varies.
    """
    forest = grown_forest(points, objectives, seed)
    shares = [_tree_shares(_leaves(tree.tree_, points.shape[1]), blocks) for tree in forest]
    varying = [tree_shares for tree_shares in shares if tree_shares is not None]
    return np.mean(varying, axis=0) if varying else np.zeros(len(blocks))


def _leaves(tree: Any, columns: int) -> _Leaves:
    """Return the leaves of a tree; the boxes are computed level by level from the root."""
    lows, highs = np.zeros((tree.node_count, columns)), np.ones((tree.node_count, columns))
    level = np.array([0])
    while level.size:
        split = level[tree.feature[level] >= 0]
        left, right = tree.children_left[split], tree.children_right[split]
        for child in (left, right):
            lows[child], highs[child] = lows[split], highs[split]
        highs[left, tree.feature[split]] = tree.threshold[split]
        lows[right, tree.feature[split]] = tree.threshold[split]
        level = np.concatenate([left, right])
    ends = tree.feature < 0
    return _Leaves(tree.value[ends, 0, 0], lows[ends], highs[ends])


def _tree_shares(leaves: _Leaves, blocks: Sequence[Block]) -> Floats | None:
    """Return the parameters' shares of one tree's variance; None if it does not vary."""
    allowed = {block: _allowed(leaves, block) for block in blocks if block.columns > 1}
    # The fraction of each parameter's range that a leaf covers, shape (leaves, parameters).
    parts = np.stack(
        [
            allowed[block].mean(axis=1)
            if block in allowed
            else leaves.highs[:, block.first_column] - leaves.lows[:, block.first_column]
            for block in blocks
        ],
        axis=1,
    )
    volumes = parts.prod(axis=1)
    mean = float(volumes @ leaves.values)
    variance = float(volumes @ (leaves.values - mean) ** 2)
    if variance <= 0:
        return None
    shares = np.zeros(len(blocks))
    for place, block in enumerate(blocks):
        # The leaf's contribution to the parameter's marginal, anywhere in the leaf's range.
        weights = np.delete(parts, place, axis=1).prod(axis=1) * leaves.values
        if block in allowed:
            marginal = weights @ allowed[block]
            shares[place] = np.mean((marginal - mean) ** 2)
        else:
            lows, highs = leaves.lows[:, block.first_column], leaves.highs[:, block.first_column]
            shares[place] = _variance_along(lows, highs, weights, mean)
    return shares / variance


def _allowed(leaves: _Leaves, block: Block) -> Floats:
    """Return which choices a leaf covers, as 0 or 1, of shape (leaves, choices)."""
    columns = slice(block.first_column, block.first_column + block.columns)
    # Columns hold only 0 and 1, so a tree splits them in the middle or not at all.
    excluded = leaves.highs[:, columns] < 1
    demanded = leaves.lows[:, columns] > 0
    one_demanded = demanded.any(axis=1, keepdims=True)
    return np.where(one_demanded, demanded, ~excluded).astype(np.float64)


def _variance_along(lows: Floats, highs: Floats, weights: Floats, mean: float) -> float:
    """Return the variance of a sum of steps, each of its weight on [low, high)."""
    ends = np.unique(np.concatenate([lows, highs]))
    jumps = np.zeros(len(ends))
    np.add.at(jumps, np.searchsorted(ends, lows), weights)
    np.subtract.at(jumps, np.searchsorted(ends, highs), weights)
    marginal = np.cumsum(jumps)[:-1]
    return float(np.diff(ends) @ (marginal - mean) ** 2)

"""How much each parameter matters for the objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb_suggestion.study.fanova import Axis, Floats, main_effects
from wanllmdb_suggestion.study.model import SweepModel
from wanllmdb_suggestion.study.records import RunState
from wanllmdb_suggestion.study.space_mapping import SpaceMapping

# The time of a forest grows faster than the runs; the latest ones say most.
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
        hasher = blake2b(repr(sorted(self.distributions.items())).encode(), digest_size=16)
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
    """The parameters' main effects by fANOVA, most important first, then by name; they sum to 1.

    The variance is that under each parameter's own law: a log-uniform one counts
    by its logarithm. Where the objective never varies, or the forest finds no
    parameter that explains it, all parameters have the same share. Takes about a
    second at 1,000 runs. Needs at least 2 runs; no parameters give no entries.
    """
    names = sorted(data.distributions)
    if len(names) < 2:
        return [(name, 1.0) for name in names]
    points, axes = _forest_input(data, names)
    effects = main_effects(points, _scaled(data.objectives), axes, FOREST_SEED)
    total = float(effects.sum())
    if not total > 0:
        return [(name, 1 / len(names)) for name in names]
    shares = zip(names, (effects / total).tolist(), strict=True)
    return sorted(shares, key=lambda share: (-share[1], share[0]))


def _scaled(objectives: Sequence[float]) -> Floats:
    """To [-1, 1]: shares do not depend on the scale, and squares must not overflow."""
    values = np.array(objectives)
    largest = np.abs(values).max()
    return values / largest if largest > 0 else values


def _forest_input(data: ImportanceData, names: Sequence[str]) -> tuple[Floats, list[Axis]]:
    """The runs' points, shape (runs, columns), and which columns are whose."""
    blocks, axes = [], []
    width = 0
    for name in names:
        values = np.array([point[name] for point in data.points], dtype=np.float64)
        block = _columns(data.distributions[name], values)
        blocks.append(block)
        axes.append(Axis(width, block.shape[1]))
        width += block.shape[1]
    return np.concatenate(blocks, axis=1), axes


def _columns(distribution: BaseDistribution, values: Floats) -> Floats:
    """One parameter's columns, see `fanova.Axis`."""
    if isinstance(distribution, CategoricalDistribution):
        return np.eye(len(distribution.choices))[values.astype(np.intp)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    # The first and the last step are as likely as the others, so each owns the
    # half step outside of it too.
    margin = (distribution.step or 0) / 2
    low, high = distribution.low - margin, distribution.high + margin
    if distribution.log:
        values, low, high = np.log(values), math.log(low), math.log(high)
    # Halved first: the width may be more than a double holds.
    unit = (values / 2 - low / 2) / (high / 2 - low / 2)
    return np.clip(unit, 0.0, 1.0)[:, np.newaxis]

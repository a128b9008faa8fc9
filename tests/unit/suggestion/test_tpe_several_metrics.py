"""TPE over several metrics, and its fronts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import optuna
import pytest
from numpy.typing import NDArray
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from tests.unit.suggestion.spaces import SIX_PARAMETERS, rounded
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace, Uniform
from wanllmdb_suggestion.optimizer.optuna_internals import nondomination_ranks
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.samplers.tpe import TpeSampler
from wanllmdb_suggestion.optimizer.samplers.tpe_columns import MOST_ENDED, Kind, RunColumns
from wanllmdb_suggestion.optimizer.samplers.tpe_fronts import Fronts
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import RunRecord, RunState

SEED = 11
TWO_PARAMETERS = SearchSpace(
    (Parameter("x", Uniform(-4.0, 4.0)), Parameter("y", Uniform(-4.0, 4.0)))
)
Floats = NDArray[np.float64]


def objectives(parameters: Any, metrics: int) -> tuple[float, ...]:
    """Return what the metrics of a run conflict in, rounded, so that some are equal."""
    numbers = [float(v) for v in parameters.values() if isinstance(v, float)]
    return tuple(
        round(sum((x - 0.4 * metric) ** 2 for x in numbers), 2) for metric in range(metrics)
    )


def records(
    count: int, metrics: int, signs: Sequence[int], space: SearchSpace = SIX_PARAMETERS
) -> list[RunRecord]:
    """Return runs in all states that a sampler reads; some objectives are infinite."""
    random = RandomSampler(space, SEED)
    found = []
    for number in range(count):
        parameters = dict(random.propose(number))
        values = objectives(parameters, metrics)
        if number % 40 == 7:
            values = (math.inf, *values[1:])
        state = (RunState.FINISHED, RunState.RUNNING, RunState.FAILED)[
            0 if number % 9 else number // 9 % 3
        ]
        if state is not RunState.FINISHED:
            values = ()
        signed = tuple(sign * value for sign, value in zip(signs, values, strict=False))
        found.append(RunRecord(number, state, 1, parameters, None, None, signed))
    return found


def optuna_study(history: list[RunRecord], signs: Sequence[int], space: SearchSpace) -> Any:
    mapping = SpaceMapping(space)
    study = optuna.create_study(directions=["minimize" if s > 0 else "maximize" for s in signs])
    states = {
        RunState.FINISHED: TrialState.COMPLETE,
        RunState.RUNNING: TrialState.RUNNING,
        RunState.FAILED: TrialState.FAIL,
    }
    for record in history:
        study.add_trial(
            optuna.trial.create_trial(
                state=states[record.state],
                params=mapping.encode(record.parameters),
                distributions=mapping.distributions,
                values=record.objectives or None,
            )
        )
    return study


@pytest.mark.filterwarnings("ignore::RuntimeWarning:optuna")
@pytest.mark.parametrize(
    ("count", "signs", "joint"),
    [
        (0, (1, 1), False),
        (9, (1, 1), True),
        (12, (1, 1), False),
        (30, (1, -1), True),
        (121, (-1, -1), True),
        (300, (1, 1), False),
        (1_500, (1, 1), True),
        (40, (1, 1, -1), False),
        (250, (1, 1, 1), True),
    ],
)
def test_bayes_proposes_what_optuna_proposes(
    count: int, signs: tuple[int, ...], *, joint: bool
) -> None:
    history = records(count, len(signs), signs)
    sampler = TpeSampler(
        SIX_PARAMETERS, SEED, minimize=[sign > 0 for sign in signs], multivariate=joint
    )
    for record in history:
        sampler.observe(record)
    mapping = SpaceMapping(SIX_PARAMETERS)
    study = optuna_study(history, signs, SIX_PARAMETERS)
    study.sampler = TPESampler(seed=ask_seed(SEED, count), multivariate=joint)
    theirs = study.ask(mapping.distributions).params
    assert rounded(sampler.propose(count)) == rounded(mapping.complete({}, theirs))


@pytest.mark.parametrize("joint", [False, True])
def test_proposals_among_many_runs_are_as_good_as_those_of_optuna(*, joint: bool) -> None:
    """Past the size at which proposals are the same, they lie as near to the best points.

    The best points lie between (0, 0) and (1, 1), where each metric is best.
    """

    def losses(point: Any) -> tuple[float, ...]:
        x, y = point["x"], point["y"]
        return (x**2 + y**2, (x - 1) ** 2 + (y - 1) ** 2)

    random = RandomSampler(TWO_PARAMETERS, 3)
    count = MOST_ENDED + 500
    points = [dict(random.propose(number)) for number in range(count)]
    history = [
        RunRecord(number, RunState.FINISHED, 1, point, None, None, losses(point))
        for number, point in enumerate(points)
    ]
    sampler = TpeSampler(TWO_PARAMETERS, SEED, minimize=[True, True], multivariate=joint)
    for record in history:
        sampler.observe(record)
    study = optuna_study(history, (1, 1), TWO_PARAMETERS)
    mapping = SpaceMapping(TWO_PARAMETERS)
    ours, theirs = [], []
    for number in range(count, count + 20):
        ours.append(sum(losses(sampler.propose(number))))
        study.sampler = TPESampler(seed=ask_seed(SEED, number), multivariate=joint)
        trial = study.ask(mapping.distributions)
        theirs.append(sum(losses(trial.params)))
        study.tell(trial, state=TrialState.FAIL)
    # On the line between the best points, the sum is from 1 to 2; at random, it is 23.
    assert 1.0 <= np.mean(ours) < 1.1 * np.mean(theirs) < 4.0


def columns_of(losses: Floats, order: Sequence[int]) -> tuple[RunColumns, Fronts]:
    """Return runs that ended in this order."""
    columns = RunColumns(1, losses.shape[1], 5)
    fronts = Fronts(columns)
    for index in order:
        columns.reach(index)
        columns.kinds[index] = Kind.COMPLETE
        columns.losses[index] = losses[index]
        fronts.insert(index)
        columns.ended += 1
        columns.changes += 1
    return columns, fronts


@pytest.mark.parametrize("metrics", [2, 3, 5])
@pytest.mark.parametrize("count", [MOST_ENDED + 1, 9_000])
def test_the_best_of_many_runs_are_of_the_first_fronts(count: int, metrics: int) -> None:
    losses = np.random.RandomState(metrics).rand(count, metrics)
    # One run that dominates all others, and one that all others dominate.
    losses[17], losses[18] = -1.0, 2.0
    _, fronts = columns_of(losses, range(count))
    best = fronts.best(205, 1_024, without=count)
    assert len(best) == len(set(best.tolist())) == 1_229
    assert 17 in best[:205]
    assert 18 not in best
    assert 17 not in fronts.best(205, 1_024, without=17)
    ranks = nondomination_ranks(losses, count)
    below = ranks[best[:205]]
    # Of runs of the last of these fronts, some are left out, and so are few of the front before.
    last = int(np.sort(ranks)[204])
    assert np.mean(below <= last) > 0.9
    assert np.isin(np.flatnonzero(ranks < last // 2), best[:205]).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_best_do_not_depend_on_the_way_to_them(seed: int) -> None:
    """Runs that arrive in another order, leave and come back with other results."""
    choice = Random(seed)
    count = MOST_ENDED + 300
    losses = np.random.RandomState(seed).rand(count, 2 + seed % 2).round(2)
    order = list(range(count))
    choice.shuffle(order)
    columns, fronts = columns_of(losses, order)
    fronts.best(205, 1_024, without=count)
    for index in choice.sample(order, (1, 10, 100)[seed // 2]):
        fronts.remove(index)
        columns.kinds[index] = Kind.NOTHING
        columns.ended -= 1
        columns.changes += 1
        if choice.random() < 0.5:
            fronts.best(205, 1_024, without=index)
        losses[index] = choice.random()
        columns.losses[index] = losses[index]
        columns.kinds[index] = Kind.COMPLETE
        fronts.insert(index)
        columns.ended += 1
        columns.changes += 1
    _, again = columns_of(losses, range(count))
    for without in (count, order[0]):
        assert (
            fronts.best(205, 1_024, without=without).tolist()
            == again.best(205, 1_024, without=without).tolist()
        )

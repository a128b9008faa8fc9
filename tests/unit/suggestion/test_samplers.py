"""Our samplers against Optuna's own."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from optuna.samplers import BaseSampler, TPESampler
from optuna.samplers import RandomSampler as OptunaRandomSampler
from optuna.trial import TrialState

from tests.unit.suggestion.spaces import SIX_PARAMETERS, rounded, run
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomDraws, RandomSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.samplers.tpe import TpeSampler
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import RunRecord, RunState

MAPPING = SpaceMapping(SIX_PARAMETERS)
SEED = 11

STATES = {
    RunState.FINISHED: TrialState.COMPLETE,
    RunState.PRUNED: TrialState.PRUNED,
    RunState.FAILED: TrialState.FAIL,
    RunState.RUNNING: TrialState.RUNNING,
}


def loss(parameters: Any) -> float:
    return float((parameters["momentum"] - 0.3) ** 2 + parameters["dropout"] + parameters["lr"])


def records(count: int) -> list[RunRecord]:
    """Return runs in all states that a sampler reads."""
    random = RandomSampler(SIX_PARAMETERS, SEED)
    found = []
    for number in range(count):
        parameters = dict(random.propose(number))
        state = list(STATES)[0 if number % 5 else number // 5 % 4]
        value = None
        if state is RunState.FINISHED:
            # Rounded, so that some are equal.
            value = round(loss(parameters), 1)
        elif state is RunState.PRUNED:
            value = [loss(parameters), None, math.nan, math.inf][number // 20 % 4]
        # Pruned on different rungs.
        found.append(run(number, parameters, state, value, last_step=number // 20 % 3))
    return found


def optuna_ask(history: list[RunRecord], sampler: BaseSampler, *, minimize: bool) -> dict[str, Any]:
    """Return what Optuna itself proposes after these runs."""
    study = optuna.create_study(sampler=sampler, direction="minimize" if minimize else "maximize")
    for record in history:
        pruned = record.state is RunState.PRUNED
        study.add_trial(
            optuna.trial.create_trial(
                state=STATES[record.state],
                params=MAPPING.encode(record.parameters),
                distributions=MAPPING.distributions,
                value=None if pruned else record.objective,
                intermediate_values=(
                    {record.last_step or 0: record.objective}
                    if pruned and record.objective is not None
                    else {}
                ),
            )
        )
    return study.ask(MAPPING.distributions).params


@pytest.mark.parametrize("number", [0, 1, 50])
def test_random_draws_what_optuna_draws(number: int) -> None:
    seed = ask_seed(SEED, number)
    draws = RandomDraws(MAPPING.distributions)
    draws.seed(seed)
    ours = {name: draws.draw(name) for name in MAPPING.distributions}
    assert ours == optuna_ask([], OptunaRandomSampler(seed=seed), minimize=True)


@pytest.mark.parametrize("count", [0, 5, 12, 30, 120, 300, 1_500])
@pytest.mark.parametrize("minimize", [True, False])
def test_bayes_proposes_what_optuna_proposes(count: int, *, minimize: bool) -> None:
    history = records(count)
    sampler = TpeSampler(SIX_PARAMETERS, SEED, minimize=[minimize])
    for record in history:
        sampler.observe(record)
    theirs = optuna_ask(
        history,
        TPESampler(seed=ask_seed(SEED, count)),
        minimize=minimize,
    )
    assert rounded(sampler.propose(count)) == rounded(MAPPING.complete({}, theirs))


def test_bayes_learns() -> None:
    """60 runs of TPE find a far better value of a smooth function than 60 random runs."""
    sampler = TpeSampler(SIX_PARAMETERS, SEED, minimize=[True])
    losses = []
    for number in range(60):
        parameters = dict(sampler.propose(number))
        losses.append(loss(parameters))
        sampler.observe(run(number, parameters, RunState.FINISHED, losses[-1]))
    assert sum(losses[40:]) < 0.5 * sum(losses[:10]) / 10 * 20


@pytest.mark.parametrize("count", [40, 5_000])
def test_running_runs_keep_others_away(count: int) -> None:
    """A point with many expected runs is not proposed again until they are forgotten."""
    sampler = TpeSampler(SIX_PARAMETERS, SEED, minimize=[True])
    for record in records(count):
        sampler.observe(record)
    first = sampler.propose(count)
    for number in range(count + 1, count + 21):
        sampler.expect(number, first)
    assert sampler.propose(count) != first
    sampler.forget_expected()
    assert sampler.propose(count) == first


def test_proposals_from_a_sample_of_many_runs_do_not_depend_on_the_way_to_them() -> None:
    """Runs that arrive in another order, or were seen in other states before, change nothing."""
    history = records(6_000)
    one, other = (TpeSampler(SIX_PARAMETERS, SEED, minimize=[True]) for _ in range(2))
    for record in history:
        one.observe(record)
    for record in history:
        other.observe(run(record.number, record.parameters, RunState.RUNNING, None))
    for record in reversed(history):
        other.observe(record)
    assert [one.propose(6_000 + i) for i in range(5)] == [
        other.propose(6_000 + i) for i in range(5)
    ]


@pytest.mark.parametrize("count", [40, 3_000])
@pytest.mark.parametrize("failed_is_worst", [True, False])
def test_runs_taken_at_once_count_as_those_taken_one_by_one(
    count: int, *, failed_is_worst: bool
) -> None:
    history = records(count)
    history.append(run(count, {"lr": 0.001}, RunState.QUEUED, attempt=0))
    history.append(run(count + 1, history[0].parameters, RunState.QUEUED, attempt=1))
    one, other = (
        TpeSampler(SIX_PARAMETERS, SEED, minimize=[True], failed_is_worst=failed_is_worst)
        for _ in range(2)
    )
    one.observe_all(history)
    for record in history:
        other.observe(record)
    for number in range(count + 2, count + 5):
        assert one.propose(number) == other.propose(number)
        for sampler in (one, other):
            sampler.observe(run(number, other.propose(number), RunState.FINISHED, -float(number)))


def test_runs_to_be_handed_out_again_count_as_running() -> None:
    """A requeued run counts as running; a run that never started counts for nothing."""
    sampler = TpeSampler(SIX_PARAMETERS, SEED, minimize=[True])
    for record in records(40):
        sampler.observe(record)
    first = sampler.propose(60)
    for number in range(40, 60):
        sampler.observe(run(number, first, RunState.QUEUED, attempt=0))
    assert sampler.propose(60) == first
    for number in range(40, 60):
        sampler.observe(run(number, first, RunState.QUEUED, attempt=1))
    assert sampler.propose(60) != first


@pytest.mark.parametrize("kind", ["random", "bayes"])
def test_given_parameters_are_kept_and_the_others_completed(kind: str) -> None:
    sampler: RandomSampler | TpeSampler
    if kind == "random":
        sampler = RandomSampler(SIX_PARAMETERS, SEED)
    else:
        sampler = TpeSampler(SIX_PARAMETERS, SEED, minimize=[True])
        for record in records(30):
            sampler.observe(record)
    completed = sampler.complete(30, {"lr": 0.005, "dropout": 0.33})
    assert completed["lr"] == 0.005
    assert completed["dropout"] == 0.33  # between steps, as the user enqueued it
    assert list(completed) == [p.name for p in SIX_PARAMETERS.parameters]
    assert sampler.complete(30, {"lr": 0.005, "dropout": 0.33}) == completed
    assert sampler.complete(31, {"lr": 0.005, "dropout": 0.33}) != completed


def test_seeds_of_neighbors_are_unrelated() -> None:
    seeds = {ask_seed(sweep, number) for sweep in range(50) for number in range(50)}
    assert len(seeds) == 2_500
    assert all(0 <= seed < 2**32 for seed in seeds)

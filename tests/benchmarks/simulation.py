"""Sweeps without services: agents whose runs end one after the other, with our model or Optuna's.

Up to `agents` runs are pending at a time, and the oldest of them ends before the next one begins,
as if all runs took the same time. The same function values, ends and prior runs go to both sides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, create_trial

from tests.benchmarks.functions import Function
from tests.unit.suggestion.imagined_sweep import Ask
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import (
    AlgorithmChoice,
    Changes,
    Metric,
    Parameters,
    PriorRecord,
    RunRecord,
    RunState,
    StudySpec,
    SweepState,
    SweepStatus,
)

Prior = tuple[Parameters, float]
Run = TypeVar("Run")


class Judge:
    """Reports a function's values, with its noise, and keeps the best run."""

    def __init__(self, function: Function, seed: int) -> None:
        self._function = function
        self._noise = np.random.default_rng(seed)
        self._best_reported = float("inf")
        self.best = float("inf")

    def report(self, parameters: Parameters) -> float:
        """Return the value that the run reports."""
        true = self._function.value(parameters)
        reported = true + self._function.noise * float(self._noise.standard_normal())
        if reported < self._best_reported:
            # The run that a user would pick; what counts is how good the run really is.
            self._best_reported, self.best = reported, true
        return reported


def best_of_sweep(
    sampler: str,
    function: Function,
    *,
    seed: int,
    trials: int,
    agents: int,
    priors: Sequence[Prior] = (),
) -> float:
    """Return the value of the best run that a sweep with the named sampler finds."""
    model = SweepModel(StudySpec(AlgorithmChoice(sampler), function.space, seed, (Metric("loss"),)))
    status = SweepStatus(SweepState.RUNNING, None, 0)
    records = [
        PriorRecord(index, RunState.FINISHED, parameters, (value,))
        for index, (parameters, value) in enumerate(priors)
    ]
    revision = 1
    model.apply(Changes(revision, status, prior_runs=records))

    def tell(record: RunRecord, next_number: int) -> None:
        nonlocal revision
        revision += 1
        model.apply(Changes(revision, SweepStatus(SweepState.RUNNING, None, next_number), [record]))

    judge = Judge(function, seed)

    def ask(number: int) -> RunRecord:
        [proposal] = model.propose([Ask(1)], seconds=60).suggestions[0].proposals
        record = RunRecord(number, RunState.RUNNING, 1, proposal.parameters, None)
        tell(record, number + 1)
        return record

    def end(run: RunRecord, asked: int) -> None:
        value = judge.report(run.parameters)
        tell(RunRecord(run.number, RunState.FINISHED, 1, run.parameters, value), asked)

    _simulate(trials, agents, ask, end)
    return judge.best


def best_of_study(
    sampler: optuna.samplers.BaseSampler,
    function: Function,
    *,
    seed: int,
    trials: int,
    agents: int,
    priors: Sequence[FrozenTrial] = (),
) -> float:
    """Return the value of the best run that Optuna finds by itself, in memory."""
    mapping = SpaceMapping(function.space)
    study = optuna.create_study(sampler=sampler)
    study.add_trials(priors)
    judge = Judge(function, seed)

    def ask(_number: int) -> tuple[optuna.Trial, Parameters]:
        trial = study.ask()
        return trial, mapping.complete({}, _Suggested(trial, mapping))

    def end(run: tuple[optuna.Trial, Parameters], _asked: int) -> None:
        trial, parameters = run
        study.tell(trial, judge.report(parameters))

    _simulate(trials, agents, ask, end)
    return judge.best


def trials_of(function: Function, priors: Sequence[Prior]) -> list[FrozenTrial]:
    """Return prior runs as trials of Optuna."""
    mapping = SpaceMapping(function.space)
    trials = []
    for parameters, value in priors:
        params = mapping.encode(parameters)
        distributions = {name: mapping.distributions[name] for name in params}
        trials.append(create_trial(params=params, distributions=distributions, value=value))
    return trials


def random_runs(function: Function, count: int, seed: int) -> list[Prior]:
    """Return runs that random search made, with the values that they reported."""
    mapping = SpaceMapping(function.space)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    judge = Judge(function, seed)
    runs: list[Prior] = []
    for _ in range(count):
        # Never told: a study with many ended trials is slow, and random search learns nothing.
        parameters = mapping.complete({}, _Suggested(study.ask(), mapping))
        runs.append((parameters, judge.report(parameters)))
    return runs


class _Suggested(dict[str, Any]):
    """The values of a trial of Optuna by parameter; each is suggested when it is read."""

    def __init__(self, trial: optuna.Trial, mapping: SpaceMapping) -> None:
        super().__init__()
        self._trial = trial
        self._mapping = mapping

    def __missing__(self, name: str) -> Any:
        return _suggest(self._trial, name, self._mapping.distributions[name])


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Any:
    match distribution:
        case optuna.distributions.FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(name, low, high, step=step, log=log)
        case optuna.distributions.IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case optuna.distributions.CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name, choices)
    raise AssertionError(distribution)


def _simulate(
    trials: int, agents: int, ask: Callable[[int], Run], end: Callable[[Run, int], None]
) -> None:
    """Begin `trials` runs; whenever `agents` are pending, the oldest ends."""
    pending: deque[Run] = deque()
    for number in range(trials):
        pending.append(ask(number))
        if len(pending) == agents:
            end(pending.popleft(), number + 1)
    while pending:
        end(pending.popleft(), trials)

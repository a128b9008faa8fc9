"""Runs as Optuna's trials in memory, each of which can be replaced at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_suggestion.optimizer.optuna_internals import EditableStorage
from wanllmdb_suggestion.optimizer.types import RunState

TRIAL_STATES = {
    RunState.QUEUED: TrialState.WAITING,
    RunState.RUNNING: TrialState.RUNNING,
    RunState.FINISHED: TrialState.COMPLETE,
    RunState.PRUNED: TrialState.PRUNED,
    RunState.FAILED: TrialState.FAIL,
    RunState.LOST: TrialState.FAIL,
    RunState.CANCELED: TrialState.FAIL,
}


class TrialStorage(EditableStorage):
    """One study whose trials can be replaced.

    In Optuna's storages a trial only moves forward from state to state. A lost run may come
    back, and an ask must be undone without a trace.

    Attributes:
        known: The parameters that the trials have.
    """

    def __init__(
        self,
        directions: Sequence[StudyDirection],
        distributions: Mapping[str, BaseDistribution],
        *,
        most_runs: int | None = None,
    ) -> None:
        """
        Args:
            directions: By metric.
            distributions: By parameter.
            most_runs: How many of the latest complete trials samplers see; None for all.
        """
        super().__init__(directions, _STUDY)
        self._most_runs = most_runs
        self.known = KnownSpaces(distributions)

    def study(self, sampler: optuna.samplers.BaseSampler) -> Study:
        """Return a study object that remembers nothing of earlier asks."""
        return Study(_STUDY, self, sampler=sampler)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return all trials except the complete ones before the latest `most_runs`."""
        trials = super().get_all_trials(study_id, deepcopy, states)
        if self._most_runs is None:
            return trials
        complete = [t.number for t in trials if t.state is TrialState.COMPLETE]
        if len(complete) <= self._most_runs:
            return trials
        first = complete[-self._most_runs]
        return [t for t in trials if t.number >= first or t.state is not TrialState.COMPLETE]

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, number: int) -> FrozenTrial:
        return self.trials[number]

    def put(
        self,
        number: int,
        state: TrialState,
        params: Mapping[str, Any],
        values: Sequence[float] | None = None,
        *,
        attributes: Mapping[str, Any] | None = None,
        intermediate: Mapping[int, float] | None = None,
    ) -> None:
        """Set or replace the trial of that number; fill gaps below with waiting trials."""
        while number > len(self.trials):
            self.put(len(self.trials), TrialState.WAITING, {})
        trial = FrozenTrial(
            number=number,
            trial_id=number,
            state=state,
            value=None,
            values=values,
            datetime_start=None,
            datetime_complete=None,
            params=dict(params),
            distributions={name: self.known.distributions[name] for name in params},
            user_attrs={},
            system_attrs=dict(attributes or {}),
            intermediate_values=dict(intermediate or {}),
        )
        self.restore(number, trial)

    def restore(self, number: int, trial: FrozenTrial) -> None:
        """Put back a trial that the storage held before."""
        if number == len(self.trials):
            self.append(trial)
        else:
            self.known.forget(self.trials[number])
            self.trials[number] = trial
        self.known.add(trial)

    def cut(self, count: int) -> None:
        """Remove all trials but the first `count`."""
        while len(self.trials) > count:
            self.known.forget(self.pop())


_STUDY = "sweep"


class KnownSpaces:
    """The parameters that all trials have, counted as trials are added and removed.

    Optuna's own IntersectionSearchSpace either reads each trial once and takes it as final, or
    reads all trials at every ask.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = distributions
        self._trials: Counter[TrialState] = Counter()
        self._having: Counter[tuple[TrialState, str]] = Counter()

    def add(self, trial: FrozenTrial) -> None:
        """Count a trial."""
        self._count(trial, 1)

    def forget(self, trial: FrozenTrial) -> None:
        """Stop counting a trial."""
        self._count(trial, -1)

    def count(self, state: TrialState) -> int:
        """Return how many trials are in the state."""
        return self._trials[state]

    def shared_by(self, *states: TrialState) -> dict[str, BaseDistribution]:
        """Return the distributions, by name, that every trial in these states has, if any has."""
        trials = sum(self._trials[state] for state in states)
        if trials == 0:
            return {}
        return {
            name: distribution
            for name, distribution in sorted(self.distributions.items())
            if sum(self._having[state, name] for state in states) == trials
        }

    def _count(self, trial: FrozenTrial, change: int) -> None:
        self._trials[trial.state] += change
        for name in trial.distributions:
            self._having[trial.state, name] += change


class SharedSpace:
    """Replaces the IntersectionSearchSpace of a sampler of Optuna."""

    def __init__(self, known: KnownSpaces, *states: TrialState) -> None:
        self._known = known
        self._states = states

    def calculate(self, study: Study, use_cache: bool = False) -> dict[str, BaseDistribution]:
        """Return the parameters that every trial in the states has."""
        return self._known.shared_by(*self._states)

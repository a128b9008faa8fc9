"""Runs as Optuna's trials, in memory, where each can be put in its place again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

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


class TrialStorage(InMemoryStorage):
    """One study whose trials are what they are told to be.

    Optuna's storages let a trial only go on from state to state; a run may come
    back from the dead, and an ask that is to leave no trace must be taken back.

    Attributes:
        known: What parameters its trials have.
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
            most_runs: The latest complete trials that samplers see; None for all.
        """
        super().__init__()
        self._most_runs = most_runs
        self.create_new_study(directions, _STUDY)
        self.known = KnownSpaces(distributions)

    def study(self, sampler: optuna.samplers.BaseSampler) -> Study:
        """The study, with nothing remembered from earlier asks."""
        return Study(_STUDY, self, sampler=sampler)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """All trials, but for complete ones before the latest `most_runs`."""
        trials = super().get_all_trials(study_id, deepcopy, states)
        if self._most_runs is None:
            return trials
        complete = [t.number for t in trials if t.state is TrialState.COMPLETE]
        if len(complete) <= self._most_runs:
            return trials
        first = complete[-self._most_runs]
        return [t for t in trials if t.number >= first or t.state is not TrialState.COMPLETE]

    def __len__(self) -> int:
        return len(self._trials)

    def __getitem__(self, number: int) -> FrozenTrial:
        return self._trials[number]

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
        """Makes this the trial of that number, whatever it was before; gaps below it wait."""
        while number > len(self._trials):
            self.put(len(self._trials), TrialState.WAITING, {})
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
        """Puts a trial back that was here before."""
        if number == len(self._trials):
            self._trials.append(trial)
            self._trial_id_to_study_id_and_number[number] = (0, number)
        else:
            self.known.forget(self._trials[number])
            self._trials[number] = trial
        self.known.add(trial)

    def cut(self, count: int) -> None:
        """Leaves the first `count` trials."""
        while len(self._trials) > count:
            self.known.forget(self._trials.pop())
            del self._trial_id_to_study_id_and_number[len(self._trials)]

    @property
    def attributes(self) -> dict[str, Any]:
        """The study's system attributes."""
        return self._studies[0].system_attrs

    @attributes.setter
    def attributes(self, attributes: dict[str, Any]) -> None:
        self._studies[0].system_attrs = attributes

    @property
    def _trials(self) -> list[FrozenTrial]:
        return self._studies[0].trials


_STUDY = "sweep"


class KnownSpaces:
    """The parameters that all trials have, counted as trials come and go.

    Optuna's own IntersectionSearchSpace looks at trials once and takes them as
    final; or at all of them at every ask.
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = distributions
        self._trials: Counter[TrialState] = Counter()
        self._having: Counter[tuple[TrialState, str]] = Counter()

    def add(self, trial: FrozenTrial) -> None:
        """Counts a trial."""
        self._count(trial, 1)

    def forget(self, trial: FrozenTrial) -> None:
        """Counts it no longer."""
        self._count(trial, -1)

    def count(self, state: TrialState) -> int:
        """How many trials are in the state."""
        return self._trials[state]

    def shared_by(self, *states: TrialState) -> dict[str, BaseDistribution]:
        """By name, what every trial in these states has; empty where there are none."""
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
    """Stands where a sampler of Optuna has its IntersectionSearchSpace."""

    def __init__(self, known: KnownSpaces, *states: TrialState) -> None:
        self._known = known
        self._states = states

    def calculate(self, study: Study, use_cache: bool = False) -> dict[str, BaseDistribution]:
        """See Optuna's."""
        return self._known.shared_by(*self._states)

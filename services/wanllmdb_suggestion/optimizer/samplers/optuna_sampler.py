"""Optuna's samplers over the runs of a sweep."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState
from typing_extensions import override

from wanllmdb_common.search_space.conditions import is_active, parents_first
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_suggestion.optimizer.optuna_internals import suggest_value
from wanllmdb_suggestion.optimizer.samplers.optuna_algorithms import OptunaAlgorithm
from wanllmdb_suggestion.optimizer.samplers.random_search import SkewedCategories
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler, ask_seed
from wanllmdb_suggestion.optimizer.space_mapping import Fixed, SpaceMapping, dimension
from wanllmdb_suggestion.optimizer.trial_storage import TRIAL_STATES, TrialStorage
from wanllmdb_suggestion.optimizer.types import (
    Metric,
    Parameters,
    PriorRecord,
    RunRecord,
    RunState,
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The state that a sampler keeps with a trial.

    Attributes:
        trial: The attributes of the trial.
        parents: By generation, the parents that the trial's ask chose: runs by number, and
            prior runs as -1, -2, ... by index.
    """

    trial: Mapping[str, Any]
    parents: Mapping[str, Sequence[int]]

    def to_bytes(self) -> bytes:
        if not self.trial and not self.parents:
            return b""
        content = {"trial": self.trial, "parents": self.parents}
        return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()

    @staticmethod
    def from_bytes(state: bytes) -> _Kept:
        return _Kept(**json.loads(state)) if state else _NOTHING


_NOTHING = _Kept({}, {})


class OptunaSampler(Sampler):
    """A sampler of Optuna over a study whose trials are the prior runs, then the runs by number.

    Each ask has its own sampler and study object, over trials that follow from the records. So
    the sampler remembers nothing that a rebuilt sampler would lack.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        metrics: Sequence[Metric],
        algorithm: OptunaAlgorithm,
        *,
        failed_is_worst: bool = False,
        prior_runs: Sequence[PriorRecord] = (),
    ) -> None:
        """
        Args:
            space: The search space.
            seed: The seed of the sweep.
            metrics: The metrics to optimize; at least one.
            algorithm: The sampler of Optuna and its use.
            failed_is_worst: Whether a failed run counts as having the worst value of all
                finished runs; otherwise failed runs are ignored.
            prior_runs: By index.
        """
        self._seed = seed
        self._minimize = [metric.minimize for metric in metrics]
        self._algorithm = algorithm
        self._failed_is_worst = failed_is_worst
        self._mapping = SpaceMapping(space)
        self._skewed = SkewedCategories(space, seed)
        self._parameters = [(p, dimension(p.distribution)) for p in parents_first(space)]
        self._storage = TrialStorage(
            [StudyDirection.MINIMIZE if m else StudyDirection.MAXIMIZE for m in self._minimize],
            self._mapping.distributions,
            most_runs=algorithm.most_runs,
        )
        # Runs that count as the worst, with the states they have while no run has a value.
        self._worst: dict[int, TrialState] = {}
        self._kept: dict[int, _Kept] = {}
        # By generation: the parents that each ask chose, by run. The asks agree unless a state
        # was lost; then the parents of the first run hold.
        self._parents: dict[str, dict[int, list[int]]] = {}
        self._priors = 0
        for prior in prior_runs:
            self._put(self._priors, prior, algorithm.prior_attributes)
            self._priors += 1
        self._chosen: tuple[int, Parameters, _Kept] | None = None
        self._undo: list[Callable[[], None]] = []

    @override
    def observe(self, record: RunRecord) -> None:
        self._keep(record.number, _Kept.from_bytes(record.sampler_state))
        self._put(self._priors + record.number, record, self._kept[record.number].trial)

    @override
    def propose(self, number: int, redraw: int = 0) -> Parameters:
        return self.complete(number, {}, redraw)

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Draw the missing parameters given the others, as for Optuna's enqueued trials."""
        if self._mapping.is_complete(given):
            # Enqueued as a whole, or assigned before: then the kept state still holds.
            self._chosen = None
            return self._mapping.complete(given, {})
        place = self._priors + number
        self._fill_in_worst()
        with self._left_as_it_is(place):
            self._storage.put(place, TrialState.RUNNING, self._mapping.encode(given))
            before = {
                self._algorithm.parents + generation: by_run[min(by_run)]
                for generation, by_run in self._parents.items()
            }
            self._storage.attributes = before
            sampler = self._algorithm.make(
                ask_seed(self._seed, number, redraw),
                self._storage.known,
                [self._storage[i] for i in range(self._priors)],
            )
            trial = Trial(self._storage.study(sampler), place)
            is_random = self._algorithm.draws_categories_at_random(self._storage.known)
            drawn = self._skewed.draw(number, redraw) if is_random else {}
            parameters = self._suggest(trial, {**drawn, **given})
            kept = self._keep_of(self._storage[place], before)
        self._chosen = (number, parameters, kept)
        return parameters

    @override
    def state(self, number: int, parameters: Parameters) -> bytes:
        return self._kept_with(number, parameters).to_bytes()

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        kept = self._kept_with(number, parameters)
        place = self._priors + number
        count, trial = len(self._storage), self._trial_at(place)
        known = self._kept.get(number, _NOTHING)

        def undo() -> None:
            self._keep(number, known)
            self._put_back(place, count, trial)

        self._undo.append(undo)
        self._keep(number, kept)
        self._storage.put(
            place,
            TrialState.RUNNING,
            self._mapping.encode(parameters),
            attributes=kept.trial,
        )

    @override
    def forget_expected(self) -> None:
        while self._undo:
            self._undo.pop()()
        self._chosen = None

    @property
    @override
    def redraws(self) -> int:
        return self._algorithm.redraws

    @property
    @override
    def learns_from_results(self) -> bool:
        return True

    def _suggest(self, trial: Trial, given: Parameters) -> Parameters:
        values: dict[str, ParameterValue] = {}
        for parameter, searched in self._parameters:
            if not is_active(parameter, values):
                continue
            name = parameter.name
            if name in given:
                values[name] = given[name]
            elif isinstance(searched, Fixed):
                values[name] = searched.value
            else:
                values[name] = searched.decode(suggest_value(trial, name, searched.distribution))
        return dict(sorted(values.items()))

    def _put(self, place: int, record: RunRecord | PriorRecord, kept: Mapping[str, Any]) -> None:
        """Set the trial at index `place` by the record."""
        state = TRIAL_STATES[record.state]
        values = _objectives(record, len(self._minimize))
        if isinstance(record, RunRecord) and record.state is RunState.QUEUED and record.attempt:
            # A requeued run: an agent will soon run it again.
            state = TrialState.RUNNING
        if state is TrialState.COMPLETE and values is None:
            # The run can not be ranked.
            state = TrialState.FAIL
        if state is TrialState.PRUNED and len(self._minimize) > 1:
            # Optuna ranks pruned trials by a single value.
            state = TrialState.FAIL
        intermediate = None
        if state is TrialState.PRUNED and values is not None:
            [value] = values
            if math.isnan(value):
                value = math.inf if self._minimize[0] else -math.inf
            intermediate = {record.last_step or 0: value}
        self._worst.pop(place, None)
        failed = record.state is RunState.FAILED or (
            record.state is RunState.FINISHED and values is None
        )
        is_worst = isinstance(record, RunRecord) and record.is_worst
        if is_worst or (failed and self._failed_is_worst):
            self._worst[place] = state
        self._storage.put(
            place,
            state,
            {} if state is TrialState.WAITING else self._mapping.encode(record.parameters),
            values if state is TrialState.COMPLETE else None,
            attributes=kept,
            intermediate=intermediate,
        )

    def _fill_in_worst(self) -> None:
        """Give runs that count as the worst the worst value of each metric so far.

        While no run has a value, such runs keep their own states.
        """
        if not self._worst:
            return
        ended = [
            self._storage[i].values
            for i in range(len(self._storage))
            if i not in self._worst and self._storage[i].state is TrialState.COMPLETE
        ]
        worst = [
            (max if minimize else min)(column)
            for minimize, column in zip(self._minimize, zip(*ended, strict=True), strict=False)
        ]
        for place, state in self._worst.items():
            trial = self._storage[place]
            if trial.values != (worst or None):
                self._storage.put(
                    place,
                    TrialState.COMPLETE if worst else state,
                    trial.params,
                    worst or None,
                    attributes=trial.system_attrs,
                    intermediate=trial.intermediate_values,
                )

    def _keep_of(self, trial: FrozenTrial, before: Mapping[str, Any]) -> _Kept:
        parents = {
            key.removeprefix(self._algorithm.parents): [self._reference(i) for i in places]
            for key, places in self._storage.attributes.items()
            if key not in before
        }
        kept = {
            key: value
            for key, value in trial.system_attrs.items()
            if key.startswith(self._algorithm.kept)
        }
        return _Kept(kept, parents)

    def _kept_with(self, number: int, parameters: Parameters) -> _Kept:
        """Return the state to keep with the run if the run gets these parameters."""
        if self._chosen is None or self._chosen[0] != number:
            # The run was assigned before.
            return self._kept.get(number, _NOTHING)
        _, chosen, kept = self._chosen
        return kept if parameters == chosen or self._algorithm.fits_other_points else _NOTHING

    def _keep(self, number: int, kept: _Kept) -> None:
        for generation in self._kept.get(number, _NOTHING).parents:
            del self._parents[generation][number]
            if not self._parents[generation]:
                del self._parents[generation]
        self._kept[number] = kept
        for generation, references in kept.parents.items():
            places = [self._place(reference) for reference in references]
            self._parents.setdefault(generation, {})[number] = places

    def _reference(self, place: int) -> int:
        """Return a number of the trial that does not change when prior runs are added."""
        return place - self._priors if place >= self._priors else -1 - place

    def _place(self, reference: int) -> int:
        return self._priors + reference if reference >= 0 else -1 - reference

    @contextmanager
    def _left_as_it_is(self, place: int) -> Iterator[None]:
        """Restore the trial at index `place` after the block."""
        count, trial = len(self._storage), self._trial_at(place)
        try:
            yield
        finally:
            self._put_back(place, count, trial)

    def _trial_at(self, place: int) -> FrozenTrial | None:
        return self._storage[place] if place < len(self._storage) else None

    def _put_back(self, place: int, count: int, trial: FrozenTrial | None) -> None:
        if trial is None:
            self._storage.cut(count)
        else:
            self._storage.restore(place, trial)


def _objectives(record: RunRecord | PriorRecord, metrics: int) -> tuple[float, ...] | None:
    """Return the values of the metrics; None if the run has none."""
    if isinstance(record, RunRecord) and metrics == 1:
        return None if record.objective is None else (record.objective,)
    return record.objectives if len(record.objectives) == metrics else None

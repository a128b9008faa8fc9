"""Tree-structured Parzen estimator over the runs so far.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011; as
Optuna 5 has it: multivariate, ten random runs first, running runs counted
among the bad ones so that parallel agents spread out.
"""

from __future__ import annotations

import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.study.random_sampler import RandomDraws
from wanllmdb_suggestion.study.records import Parameters, RunRecord, RunState
from wanllmdb_suggestion.study.sampler import Sampler
from wanllmdb_suggestion.study.seeding import ask_seed
from wanllmdb_suggestion.study.space_mapping import SpaceMapping
from wanllmdb_suggestion.study.trial_storage import STUDY_NAME, TrialStorage

STARTUP_TRIALS = 10

_STATES = {
    RunState.QUEUED: TrialState.WAITING,
    RunState.RUNNING: TrialState.RUNNING,
    RunState.FINISHED: TrialState.COMPLETE,
    RunState.PRUNED: TrialState.PRUNED,
    RunState.FAILED: TrialState.FAIL,
    RunState.LOST: TrialState.FAIL,
    RunState.CANCELED: TrialState.FAIL,
}


class SeededTPESampler(TPESampler):
    """TPE whose draws can be repeated: a new sampler for each ask would cost 0.3 ms."""

    def __init__(self) -> None:
        super().__init__(n_startup_trials=STARTUP_TRIALS, constant_liar=True)

    def seed(self, seed: int) -> None:
        """Makes the next draws those of a new `TPESampler(seed=seed)`."""
        self._rng.rng.seed(seed)


class BayesSampler(Sampler):
    """TPE over the records; see `Sampler` for what a proposal depends on.

    The trial that is asked for never enters the storage: it is put there from
    its record, as a rebuild would put it.
    """

    def __init__(self, space: SearchSpace, seed: int, *, minimize: bool) -> None:
        self._mapping = SpaceMapping(space)
        self._draws = RandomDraws(self._mapping.distributions)
        self._seed = seed
        self._storage = TrialStorage(minimize=minimize)
        self._tpe = SeededTPESampler()
        # What stood in the storage before each expectation.
        self._replaced: list[tuple[int, FrozenTrial | None]] = []

    def observe(self, record: RunRecord) -> None:
        """See `Sampler.observe`."""
        self._storage.put(record.number, self._trial(record))

    def propose(self, number: int) -> Parameters:
        """See `Sampler.propose`."""
        return self.complete(number, {})

    def complete(self, number: int, given: Parameters) -> Parameters:
        """See `Sampler.complete`."""
        missing = self._mapping.missing(given)
        if not missing:
            return self._mapping.complete(given, {})
        seed = ask_seed(self._seed, number)
        self._tpe.seed(seed)
        # A study object remembers the trials that it saw; a new one costs 10 us.
        study = optuna.load_study(study_name=STUDY_NAME, storage=self._storage, sampler=self._tpe)
        asked = _frozen(number, TrialState.RUNNING, {}, self._mapping, None)
        drawn = self._tpe.sample_relative(study, asked, missing)
        if not drawn:
            drawn = self._draws.draw(seed, missing)
        return self._mapping.complete(given, drawn)

    def expect(self, number: int, parameters: Parameters) -> None:
        """See `Sampler.expect`."""
        trial = _frozen(number, TrialState.RUNNING, parameters, self._mapping, None)
        self._replaced.append((number, self._storage.put(number, trial)))

    def forget_expected(self) -> None:
        """See `Sampler.forget_expected`."""
        while self._replaced:
            self._storage.put(*self._replaced.pop())

    def _trial(self, record: RunRecord) -> FrozenTrial:
        state = _STATES[record.state]
        if record.state is RunState.QUEUED and record.attempt > 0:
            # It waits to be handed out again: some agent will soon be back at it.
            state = TrialState.RUNNING
        if state is TrialState.COMPLETE and record.objective is None:
            # Optuna can't rank a completed trial without a value.
            state = TrialState.FAIL
        return _frozen(record.number, state, record.parameters, self._mapping, record.objective)


def _frozen(
    number: int,
    state: TrialState,
    parameters: Parameters,
    mapping: SpaceMapping,
    objective: float | None,
) -> FrozenTrial:
    if state not in (TrialState.COMPLETE, TrialState.PRUNED):
        objective = None
    # TPE ranks pruned trials by their last step, then by the value there. A
    # record has no step, so all of them stand at the same one.
    pruned_at = {0: objective} if state is TrialState.PRUNED and objective is not None else {}
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=objective,
        datetime_start=None,
        datetime_complete=None,
        params=mapping.encode(parameters),
        distributions=mapping.distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values=pruned_at,
    )

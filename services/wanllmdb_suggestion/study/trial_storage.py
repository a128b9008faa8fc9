"""The trials of one study in a list: what Optuna's samplers read, and nothing else.

Optuna's own in-memory storage can neither take a trial back nor change one
that has ended. A run can change after its end here (a late result is accepted,
a lost run goes back to the queue), and a study must equal one that was rebuilt
from the records as they are now.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NoReturn

from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

STUDY_NAME = "sweep"
_STUDY_ID = 0


class TrialStorage(BaseStorage):
    """Holds one study whose trial ids are its trial numbers.

    Not thread-safe: one thread at a time uses a study. Trials are handed out
    as they stand here, never copied, and no sampler in use changes them.
    """

    def __init__(self, *, minimize: bool) -> None:
        direction = StudyDirection.MINIMIZE if minimize else StudyDirection.MAXIMIZE
        self._directions = [direction]
        # Pages of a rebuild come in the order of changes, so numbers may be
        # missing for a while.
        self._trials: list[FrozenTrial | None] = []

    def put(self, number: int, trial: FrozenTrial | None) -> FrozenTrial | None:
        """Makes `trial` the one with that number; returns the one before it."""
        missing = number + 1 - len(self._trials)
        if missing > 0:
            self._trials.extend([None] * missing)
        before = self._trials[number]
        self._trials[number] = trial
        return before

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """By number; `deepcopy` is not heeded."""
        if states is None:
            return [t for t in self._trials if t is not None]
        return [t for t in self._trials if t is not None and t.state in states]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """The trial.

        Raises:
            KeyError: there is none with this number.
        """
        trial = self._trials[trial_id] if 0 <= trial_id < len(self._trials) else None
        if trial is None:
            raise KeyError(trial_id)
        return trial

    def get_study_id_from_name(self, study_name: str) -> int:
        """The one study's id."""
        return _STUDY_ID

    def get_study_name_from_id(self, study_id: int) -> str:
        """The one study's name."""
        return STUDY_NAME

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """One direction."""
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """None are kept."""
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """None are kept."""
        return {}

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Nothing to do: TPE tells other processes here what it drew for a trial that is still
        being asked; here the trial is put into the storage with its parameters instead.
        """

    def get_all_studies(self) -> list[FrozenStudy]:
        """Not offered."""
        return _not_offered()

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Not offered."""
        return _not_offered()

    def delete_study(self, study_id: int) -> None:
        """Not offered."""
        _not_offered()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Not offered."""
        _not_offered()

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Not offered: no sampler in use keeps state with the study."""
        _not_offered()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Not offered: trials are put."""
        return _not_offered()

    def set_trial_param(self, *args: Any, **kwargs: Any) -> None:
        """Not offered: trials are put whole."""
        _not_offered()

    def set_trial_state_values(self, *args: Any, **kwargs: Any) -> bool:
        """Not offered: trials are put whole."""
        return _not_offered()

    def set_trial_intermediate_value(self, *args: Any, **kwargs: Any) -> None:
        """Not offered: trials are put whole."""
        _not_offered()

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Not offered: trials are put whole."""
        _not_offered()


def _not_offered() -> NoReturn:
    raise NotImplementedError("the registry's records are the only source of a study's trials")

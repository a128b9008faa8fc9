"""A trial of Optuna's interface that is a run of a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from wanllmdb._errors import UnsupportedError
from wanllmdb._types.enums import RunCommand, RunState
from wanllmdb._types.runs import MetricRow, Run
from wanllmdb.integration._optuna_space import check_same

if TYPE_CHECKING:
    from wanllmdb.integration._optuna_study import Study

STATES = {
    RunState.QUEUED: TrialState.WAITING,
    RunState.RUNNING: TrialState.RUNNING,
    RunState.FINISHED: TrialState.COMPLETE,
    RunState.PRUNED: TrialState.PRUNED,
    RunState.FAILED: TrialState.FAIL,
    RunState.LOST: TrialState.FAIL,
    RunState.CANCELED: TrialState.FAIL,
}


class Trial:
    """A run that this process holds, with the methods of Optuna's Trial.

    Its parameters are chosen before it begins. `suggest_float` and the like return them and check
    that the sweep has the same distribution.
    """

    def __init__(self, study: Study, run: Run) -> None:
        self.study = study
        self.run = run
        self._user_attrs: dict[str, Any] = read_attrs(run)

    @property
    def number(self) -> int:
        """The run's number."""
        return self.run.number

    @property
    def params(self) -> dict[str, Any]:
        """The run's parameters."""
        return dict(self.run.parameters)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions of the run's parameters."""
        return {name: self.study.distributions[name] for name in self.run.parameters}

    @property
    def datetime_start(self) -> datetime | None:
        """When the run was assigned, in UTC."""
        return self.run.start_time

    @property
    def user_attrs(self) -> dict[str, Any]:
        """The run's attributes, which are labels of the run in JSON."""
        return dict(self._user_attrs)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """The run's value of the parameter; the distribution must be the sweep's.

        Raises:
            UnsupportedError: the sweep has another distribution, or no such parameter.
        """
        return float(self._value(name, FloatDistribution(low, high, log=log, step=step)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """See `suggest_float`."""
        return int(self._value(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """See `suggest_float`."""
        return self._value(name, CategoricalDistribution(choices))

    def report(self, value: float, step: int) -> None:
        """Report an intermediate value.

        Raises:
            NotImplementedError: the study has several objectives, as in Optuna.
        """
        metric = self.study.only_metric("report")
        self.study.worker.report(self.run, [MetricRow(step, {metric: float(value)})])

    def should_prune(self) -> bool:
        """Whether early termination stops the run, or a user canceled it.

        Raises:
            NotImplementedError: the study has several objectives, as in Optuna.
        """
        self.study.only_metric("should_prune")
        if self.study.worker.command(self.run) in (RunCommand.STOP, RunCommand.ABANDON):
            return True
        return self.study.client.should_stop(self.study.sweep_id, self.number).should_stop

    def set_user_attr(self, key: str, value: Any) -> None:
        """Store an attribute as a label of the run, in JSON."""
        attrs = self._user_attrs | {key: value}
        labels = {name: json.dumps(each) for name, each in attrs.items()}
        self.study.client.update_run(self.study.sweep_id, self.number, labels=labels)
        self._user_attrs = attrs

    def set_constraint(self, key: str, value: float) -> None:
        """Refuse: a sweep's constraints are expressions over parameters, known before a run.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError(
            f"set_constraint({key!r}, {value!r}): the constraints of a sweep are expressions over "
            f"parameters, which proposals meet; state them in create_study(constraints=...)"
        )

    def _value(self, name: str, asked: BaseDistribution) -> Any:
        check_same(name, asked, self.study.space)
        if name not in self.run.parameters:
            raise UnsupportedError(
                f"run {self.number} has no {name!r}: the parameter's condition is not met"
            )
        return self.run.parameters[name]


def read_attrs(run: Run) -> dict[str, Any]:
    """The labels of a run as attributes; a label that is not JSON is a text."""
    return {name: _of_label(text) for name, text in run.labels.items()}


def frozen(
    run: Run,
    distributions: Mapping[str, BaseDistribution],
    intermediate: Mapping[int, float] | None = None,
) -> FrozenTrial:
    """A trial of Optuna that is a copy of a run."""
    state = STATES.get(run.state, TrialState.FAIL)
    values = list(run.objectives) or ([] if run.objective is None else [run.objective])
    if state is TrialState.COMPLETE and not values:
        # Optuna has no complete trial without a value.
        state = TrialState.FAIL
    params = {name: value for name, value in run.parameters.items() if name in distributions}
    trial = create_trial(
        state=state,
        values=values if state in (TrialState.COMPLETE, TrialState.PRUNED) and values else None,
        params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs=read_attrs(run),
        intermediate_values=dict(intermediate or {}),
    )
    trial.number = run.number
    trial.datetime_start = run.start_time
    trial.datetime_complete = run.end_time if state.is_finished() else None
    return trial


def _of_label(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

"""Writes the runs of a sweep to a new Optuna study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from wanllmdb import Client, Goal, InvalidArgumentError, Run, RunState, Sweep
from wanllmdb_local.run_exchange.optuna_distributions import as_choice, to_optuna
from wanllmdb_local.run_exchange.optuna_storage import open_storage, quiet

_ENDED = tuple(state for state in RunState if state.is_final)
_STATES = {
    RunState.QUEUED: TrialState.WAITING,
    RunState.RUNNING: TrialState.RUNNING,
    RunState.FINISHED: TrialState.COMPLETE,
    RunState.PRUNED: TrialState.PRUNED,
}


def write_optuna_study(
    client: Client,
    sweep_id: str,
    *,
    storage: str,
    study_name: str,
    states: Sequence[RunState] = (),
) -> int:
    """Create a study from a sweep's runs; return how many trials were written.

    Parameters keep their full names. In a sweep with one metric, the values that a run reported
    become intermediate values. Failed, lost and canceled runs, and finished runs without an
    objective, become FAIL; the user attribute "wanllmdb" of the study and the trials has the
    details.

    Args:
        client: The client that reads the runs.
        sweep_id: The id of the sweep.
        storage: See `open_storage`.
        study_name: The name of the new study, which must not exist there.
        states: The states of the runs to write; empty for all ended runs.

    Raises:
        InvalidArgumentError: The sweep has no metric, or the study exists.
    """
    quiet()
    sweep = client.get_sweep(sweep_id)
    metrics = sweep.spec.metrics
    if not metrics:
        raise InvalidArgumentError(
            f"sweep {sweep_id} has no metric, and an Optuna study has at least one: export its "
            "runs as CSV"
        )
    runs = list(client.list_runs(sweep_id, states=states or _ENDED, page_size=1000))
    opened = open_storage(storage, must_exist=False)
    try:
        study = optuna.create_study(
            storage=opened,
            study_name=study_name,
            directions=[
                "maximize" if metric.goal is Goal.MAXIMIZE else "minimize" for metric in metrics
            ],
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise InvalidArgumentError(
            f"there is a study {study_name!r} in {storage}: choose another name with --study"
        ) from None
    study.set_metric_names([metric.name for metric in metrics])
    study.set_user_attr("wanllmdb", {"sweep_id": sweep_id, "name": sweep.name})
    distributions = {
        name: to_optuna(
            distribution, [run.parameters[name] for run in runs if name in run.parameters]
        )
        for name, distribution in sweep.spec.parameters.items()
    }
    for run in runs:
        study.add_trial(_trial(client, sweep, run, distributions))
    return len(runs)


def _trial(
    client: Client, sweep: Sweep, run: Run, distributions: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    searched = sweep.spec.parameters
    state = _STATES.get(run.state, TrialState.FAIL)
    if state is TrialState.COMPLETE and _values(run) is None:
        # Optuna has no complete trial without a value.
        state = TrialState.FAIL
    params = {
        name: as_choice(searched[name], value)
        for name, value in run.parameters.items()
        if name in searched
    }
    trial = create_trial(
        state=state,
        params=params,
        distributions={name: distributions[name] for name in params},
        values=_values(run) if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        intermediate_values=_intermediate(client, sweep, run),
        user_attrs={"wanllmdb": _about(run)},
    )
    trial.datetime_start = _local(run.start_time)
    trial.datetime_complete = _local(run.end_time) if state.is_finished() else None
    return trial


def _values(run: Run) -> list[float] | None:
    if run.objectives:
        return list(run.objectives)
    return None if run.objective is None else [run.objective]


def _intermediate(client: Client, sweep: Sweep, run: Run) -> dict[int, float]:
    metric = sweep.spec.metric
    if metric is None or run.last_step is None:
        return {}
    histories = client.get_metric_history(sweep.sweep_id, run.number, names=[metric.name])
    return {point.step: point.value for history in histories.values() for point in history.points}


def _about(run: Run) -> dict[str, Any]:
    about: dict[str, Any] = {"number": run.number, "state": run.state.value}
    about |= {
        key: value
        for key, value in (
            ("name", run.name),
            ("agent", run.agent_id),
            ("labels", dict(run.labels)),
            ("error", run.error.message if run.error is not None else ""),
        )
        if value
    }
    return about


def _local(time: datetime | None) -> datetime | None:
    """Return a time as Optuna stores it: local, without a time zone."""
    return None if time is None else time.astimezone().replace(tzinfo=None)

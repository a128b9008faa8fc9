"""Reads the trials of an Optuna study as prior runs of a sweep."""

from __future__ import annotations

import math

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from wanllmdb import Constant, Goal, InvalidArgumentError, PriorRun, RunState, Sweep
from wanllmdb_local.run_exchange.optuna_distributions import choices, from_choice
from wanllmdb_local.run_exchange.optuna_storage import open_storage, quiet

_GOALS = {StudyDirection.MINIMIZE: Goal.MINIMIZE, StudyDirection.MAXIMIZE: Goal.MAXIMIZE}


def read_optuna_study(sweep: Sweep, *, storage: str, study_name: str | None) -> list[PriorRun]:
    """Return the study's completed, pruned and failed trials as prior runs, by number.

    Parameters are matched by name; "group.param" and "group/param" are the same. Constants of
    the sweep that trials lack are filled in. Values are matched by the metrics' names where the
    study has names, else by order.

    Args:
        sweep: The sweep that will receive the runs.
        storage: See `open_storage`.
        study_name: The name of the study; None if the storage has only one.

    Raises:
        InvalidArgumentError: There is no such study, or its directions differ from the sweep's.
    """
    quiet()
    opened = open_storage(storage, must_exist=True)
    names = optuna.get_all_study_names(opened)
    if study_name is None and len(names) == 1:
        study_name = names[0]
    if study_name not in names:
        there = ", ".join(names[:20]) or "none"
        what = "needs --study" if study_name is None else f"has no study {study_name!r}"
        raise InvalidArgumentError(f"{storage} {what}; there are: {there}")
    study = optuna.load_study(study_name=study_name, storage=opened)
    order = _order(sweep, study)
    by_name = _parameter_names(sweep)
    constants = {
        name: choices(distribution)[0]
        for name, distribution in sweep.spec.parameters.items()
        if isinstance(getattr(distribution, "distribution", distribution), Constant)
    }
    runs = []
    for trial in study.get_trials(deepcopy=False):
        run = _run(trial, order, study_name or "")
        if run is not None:
            given = {by_name.get(name, name): value for name, value in trial.params.items()}
            distributions = sweep.spec.parameters
            parameters = {
                name: from_choice(distributions[name], value) if name in distributions else value
                for name, value in {**constants, **given}.items()
            }
            runs.append(PriorRun(parameters, run.state, run.objectives, run.last_step, run.source))
    return runs


def _order(sweep: Sweep, study: optuna.Study) -> list[int]:
    """Return the index in a trial's values of each of the sweep's metrics."""
    metrics = sweep.spec.metrics
    if not metrics:
        raise InvalidArgumentError(
            f"sweep {sweep.sweep_id} has no metric, so it can't use the results of a study"
        )
    if len(study.directions) != len(metrics):
        raise InvalidArgumentError(
            f"study {study.study_name} has {len(study.directions)} objectives, the sweep "
            f"{len(metrics)}"
        )
    named = study.metric_names or []
    known = [metric.name for metric in metrics]
    order = [named.index(name) for name in known] if set(named) == set(known) else None
    order = order or list(range(len(metrics)))
    for metric, place in zip(metrics, order, strict=True):
        direction = study.directions[place]
        if _GOALS.get(direction) is not metric.goal:
            raise InvalidArgumentError(
                f"study {study.study_name} has the direction {direction.name.lower()} for the "
                f"metric {metric.name}, and the sweep {metric.goal}"
            )
    return order


def _parameter_names(sweep: Sweep) -> dict[str, str]:
    """Return the sweep's parameter names by the names that Optuna users write."""
    names = sweep.spec.parameters
    return {name.replace("/", "."): name for name in names} | {name: name for name in names}


def _run(trial: FrozenTrial, order: list[int], study_name: str) -> PriorRun | None:
    source = f"Optuna study {study_name} trial {trial.number}"
    if trial.state is TrialState.COMPLETE:
        values = trial.values
        return PriorRun(
            {}, RunState.FINISHED, tuple(values[place] for place in order), None, source
        )
    if trial.state is TrialState.PRUNED:
        step = trial.last_step
        value = None if step is None else trial.intermediate_values[step]
        is_known = value is not None and math.isfinite(value) and len(order) == 1
        objectives = (value,) if is_known and value is not None else ()
        return PriorRun({}, RunState.PRUNED, objectives, step, source)
    if trial.state is TrialState.FAIL:
        return PriorRun({}, RunState.FAILED, (), None, source)
    return None

"""Studies with Optuna's interface that are sweeps: `create_study`, `load_study`.

    study = create_study(
        {"lr": FloatDistribution(1e-4, 0.1, log=True)}, direction="minimize", pruner="median"
    )
    study.optimize(objective, n_trials=20)

The search space is stated first (define-and-run), because a sweep knows its space before its first
run. An objective may still call `trial.suggest_float` and the like: they return the run's values
and check that the distribution is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution

from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError, UnsupportedError
from wanllmdb._types.enums import Goal, Method
from wanllmdb._types.spec import AlgorithmChoice, Distribution, Metric, SweepSpec
from wanllmdb._types.sweeps import Sweep
from wanllmdb.integration._optuna_space import to_sweep
from wanllmdb.integration._optuna_study import NoMoreTrialsError as NoMoreTrialsError
from wanllmdb.integration._optuna_study import Study as Study
from wanllmdb.integration._optuna_trial import Trial as Trial

__all__ = ["NoMoreTrialsError", "Study", "Trial", "create_study", "load_study"]


def create_study(
    space: Mapping[str, BaseDistribution | Distribution],
    *,
    direction: str | None = None,
    directions: Sequence[str] | None = None,
    metric_names: Sequence[str] | None = None,
    study_name: str = "",
    project: str = "",
    method: str = "bayes",
    sampler: str | AlgorithmChoice | None = None,
    pruner: str | AlgorithmChoice | None = None,
    constraints: Sequence[str] = (),
    run_cap: int | None = None,
    seed: int | None = None,
    client: Client | None = None,
) -> Study:
    """Create a sweep and return its study.

    Args:
        space: the parameters, by name: distributions of Optuna or of a SweepSpec.
        direction: "minimize" (the default) or "maximize".
        directions: the same for several objectives.
        metric_names: the objectives' names; by default "value", or "value_0" and so on.
        study_name: the sweep's name.
        project: the sweep's project.
        method: the sweep's method.
        sampler: the sweep's sampler: its name, or an AlgorithmChoice with options.
        pruner: the sweep's pruner, in the same form; by default none.
        constraints: expressions over parameters that every proposal meets.
        run_cap: the most trials.
        seed: the sweep's seed.
        client: the client; by default one by the environment's variables.

    Raises:
        UnsupportedError: a sampler, pruner or distribution is one that only Optuna has.
    """
    if direction is not None and directions is not None:
        raise InvalidArgumentError("give direction or directions, not both")
    goals = [Goal(str(each).lower()) for each in directions or [direction or "minimize"]]
    names = list(metric_names or _names(len(goals)))
    if len(names) != len(goals):
        raise InvalidArgumentError(f"{len(goals)} objectives have {len(names)} names")
    spec = SweepSpec(
        method=Method(method),
        parameters={name: to_sweep(name, each) for name, each in space.items()},
        metrics=tuple(Metric(name, goal) for name, goal in zip(names, goals, strict=True)),
        early_termination=_algorithm("pruner", pruner),
        run_cap=run_cap,
        seed=seed,
        sampler=_algorithm("sampler", sampler),
        constraints=tuple(constraints),
    )
    return _study(
        client,
        lambda opened: opened.create_sweep(spec, project=project, name=study_name).sweep,
    )


def load_study(sweep_id: str, *, client: Client | None = None) -> Study:
    """The study of a sweep that exists, also one that was created in another way.

    Raises:
        UnsupportedError: the sweep has no metric, or a distribution that Optuna does not have.
    """
    return _study(client, lambda opened: opened.get_sweep(sweep_id))


def _study(client: Client | None, sweep_of: Callable[[Client], Sweep]) -> Study:
    opened = client or Client()
    try:
        return Study(opened, sweep_of(opened), owns_client=client is None)
    except BaseException:
        if client is None:
            opened.close()
        raise


def _names(count: int) -> list[str]:
    return ["value"] if count == 1 else [f"value_{place}" for place in range(count)]


def _algorithm(what: str, chosen: Any) -> AlgorithmChoice | None:
    if chosen is None or isinstance(chosen, AlgorithmChoice):
        return chosen
    if isinstance(chosen, str):
        return AlgorithmChoice(chosen)
    example = "tpe" if what == "sampler" else "median"
    raise UnsupportedError(
        f"{what}: {type(chosen).__name__} runs in Optuna's process, and a sweep's {what} runs in "
        f"the suggestion service: give its name, such as {example!r}, or an AlgorithmChoice"
    )

"""`wanllmdb.integration.optuna` asks, tells and optimizes as Optuna does, on runs of a sweep."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

import wanllmdb
from wanllmdb import AlgorithmChoice, Client, RunState, SweepState
from wanllmdb.integration.optuna import NoMoreTrialsError, Study, Trial, create_study, load_study

T = TypeVar("T")

SPACE: dict[str, Any] = {
    "lr": FloatDistribution(0.001, 1.0, log=True),
    "dropout": FloatDistribution(0.0, 0.5, step=0.25),
    "layers": IntDistribution(1, 8),
    "units": IntDistribution(32, 128, step=32),
    "width": IntDistribution(1, 64, log=True),
    "optimizer": CategoricalDistribution(["adam", "sgd", None]),
    "fixed": IntDistribution(3, 3),
}


async def blocking(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Call in a thread, because the services answer in this one."""
    return await asyncio.to_thread(function, *args, **options)


@pytest.fixture
async def study(client: Client) -> AsyncIterator[Study]:
    """A study with one objective."""
    made = await blocking(create_study, SPACE, client=client, seed=1, study_name="one")
    yield made
    await blocking(made.close)


def suggested(trial: Trial) -> dict[str, Any]:
    """The parameters as an objective asks for them."""
    return {
        "lr": trial.suggest_float("lr", 0.001, 1.0, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5, step=0.25),
        "layers": trial.suggest_int("layers", 1, 8),
        "units": trial.suggest_int("units", 32, 128, step=32),
        "width": trial.suggest_int("width", 1, 64, log=True),
        "optimizer": trial.suggest_categorical("optimizer", ["adam", "sgd", None]),
        "fixed": trial.suggest_int("fixed", 3, 3),
    }


async def test_ask_and_tell(study: Study, client: Client) -> None:
    trial = await blocking(study.ask, SPACE)
    assert suggested(trial) == trial.params
    assert trial.distributions.keys() == SPACE.keys()
    await blocking(trial.report, 2.0, 0)
    await blocking(trial.report, 1.5, 1)
    await blocking(trial.set_user_attr, "seconds", 3)
    assert await blocking(trial.should_prune) is False

    told = await blocking(study.tell, trial, 1.25)

    assert (told.number, told.state, told.value) == (0, TrialState.COMPLETE, 1.25)
    assert told.params == trial.params
    assert told.intermediate_values == {0: 2.0, 1: 1.5}
    assert told.user_attrs == trial.user_attrs == {"seconds": 3}
    run = await blocking(client.get_run, study.sweep_id, 0)
    assert (run.state, run.objective) == (RunState.FINISHED, 1.25)
    best = await blocking(lambda: (study.best_trial, study.best_value, study.best_params))
    assert best == (best[0], 1.25, trial.params)
    assert best[0].number == 0


async def test_a_label_that_another_program_set_is_a_text_of_any_kind(
    study: Study, client: Client
) -> None:
    trial = await blocking(study.ask, SPACE)
    await blocking(study.tell, trial, 1.0)
    labels = {"deep": "[" * 1_000, "free": "a note", "number": "3"}
    await blocking(client.update_run, study.sweep_id, 0, labels=labels)
    (read,) = await blocking(lambda: study.trials)
    assert read.user_attrs == labels | {"number": 3}


@pytest.mark.parametrize(
    ("values", "state", "expected"),
    [
        (None, TrialState.PRUNED, RunState.PRUNED),
        (None, TrialState.FAIL, RunState.FAILED),
        (math.nan, None, RunState.FAILED),
        (None, None, RunState.FAILED),
        ([1.0, 2.0], None, RunState.FAILED),
        ([1.0], TrialState.COMPLETE, RunState.FINISHED),
    ],
)
async def test_how_a_trial_ends(
    study: Study, client: Client, values: Any, state: Any, expected: RunState
) -> None:
    trial = await blocking(study.ask)
    await blocking(study.tell, trial.number, values, state)

    assert (await blocking(client.get_run, study.sweep_id, 0)).state is expected
    with pytest.raises(ValueError, match="is finished"):
        await blocking(study.tell, trial, 1.0)
    again = await blocking(study.tell, trial, 1.0, skip_if_finished=True)
    assert again.number == 0


@pytest.mark.parametrize(
    ("values", "state"),
    [(1.0, TrialState.FAIL), (None, TrialState.COMPLETE), (None, TrialState.RUNNING)],
)
async def test_a_state_that_does_not_fit_the_values_is_rejected(
    study: Study, values: Any, state: TrialState
) -> None:
    trial = await blocking(study.ask)
    with pytest.raises(ValueError, match="value"):
        await blocking(study.tell, trial, values, state)
    assert (await blocking(study.tell, trial, 1.0)).state is TrialState.COMPLETE


async def test_another_distribution_or_name_is_refused(study: Study) -> None:
    trial = await blocking(study.ask)
    with pytest.raises(wanllmdb.UnsupportedError, match=r"state every parameter in create_study"):
        trial.suggest_float("momentum", 0.0, 1.0)
    with pytest.raises(wanllmdb.UnsupportedError, match="is the same for all its runs"):
        trial.suggest_float("lr", 0.001, 0.5, log=True)
    with pytest.raises(wanllmdb.UnsupportedError, match="is the same for all its runs"):
        await blocking(study.ask, {"layers": IntDistribution(1, 9)})
    with pytest.raises(wanllmdb.UnsupportedError, match="constraints of a sweep"):
        trial.set_constraint("c", 1.0)
    with pytest.raises(AttributeError, match=r"Client.import_runs"):
        study.add_trial(None)
    with pytest.raises(wanllmdb.UnsupportedError, match="skip_if_exists"):
        study.enqueue_trial({}, skip_if_exists=True)


@pytest.mark.parametrize(
    "choice",
    [{"sampler": optuna.samplers.RandomSampler()}, {"pruner": optuna.pruners.MedianPruner()}],
)
def test_an_algorithm_of_optunas_process_is_refused(client: Client, choice: Any) -> None:
    with pytest.raises(wanllmdb.UnsupportedError, match="the suggestion service: give its name"):
        create_study(SPACE, client=client, **choice)


async def test_optimize_runs_an_objective_with_pruning(client: Client) -> None:
    pruner = AlgorithmChoice("median", {"n_startup_trials": 1})
    study = await blocking(
        create_study, {"x": FloatDistribution(0.0, 1.0)}, pruner=pruner, client=client, run_cap=5
    )
    seen: list[tuple[int, TrialState]] = []

    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number == 1:
            raise RuntimeError("broken")
        for step in range(3):
            # The first trial is the best one.
            trial.report(x + 10 * bool(trial.number) - step / 10, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    await blocking(
        study.optimize,
        objective,
        catch=RuntimeError,
        callbacks=[lambda _, trial: seen.append((trial.number, trial.state))],
    )

    states = [TrialState.COMPLETE, TrialState.FAIL, *[TrialState.PRUNED] * 3]
    assert seen == list(enumerate(states))
    assert [trial.state for trial in await blocking(study.get_trials)] == states
    pruned = await blocking(study.get_trials, states=[TrialState.PRUNED])
    assert [trial.number for trial in pruned] == [2, 3, 4]
    frame = await blocking(study.trials_dataframe)
    assert list(frame["state"]) == ["finished", "failed", "pruned", "pruned", "pruned"]
    with pytest.raises(NoMoreTrialsError, match=r"sweep .*"):
        await blocking(study.ask)
    await blocking(study.close)


async def test_an_uncaught_error_fails_the_trial_and_ends_optimize(study: Study) -> None:
    def objective(trial: Trial) -> float:
        if trial.number == 1:
            raise KeyError("missing")
        return 1.0

    with pytest.raises(KeyError, match="missing"):
        await blocking(study.optimize, objective, n_trials=5)

    trials = await blocking(study.get_trials)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE, TrialState.FAIL]


async def test_an_interrupted_trial_is_given_back(study: Study, client: Client) -> None:
    def objective(trial: Trial) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await blocking(study.optimize, objective)

    run = await blocking(client.get_run, study.sweep_id, 0)
    assert run.state is RunState.QUEUED
    trial = await blocking(study.ask)
    assert (trial.number, trial.run.attempt) == (0, 2)


async def test_threads_share_a_study(study: Study) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def objective(trial: Trial) -> float:
        meeting.wait()
        return float(trial.number)

    await blocking(study.optimize, objective, n_trials=4, n_jobs=2)

    assert [trial.value for trial in await blocking(study.get_trials)] == [0.0, 1.0, 2.0, 3.0]


async def test_stop_ends_optimize(study: Study) -> None:
    def objective(trial: Trial) -> float:
        if trial.number == 2:
            trial.study.stop()
        return 0.0

    await blocking(study.optimize, objective)
    await blocking(study.optimize, lambda _: 0.0, timeout=0.0)

    assert len(await blocking(study.get_trials)) == 3


async def test_enqueued_parameters_come_first(study: Study) -> None:
    await blocking(study.enqueue_trial, {"lr": 0.5, "layers": 2}, {"why": "guess"})

    trial = await blocking(study.ask)

    assert (trial.params["lr"], trial.params["layers"]) == (0.5, 2)
    assert trial.user_attrs == {"why": "guess"}


async def test_several_objectives(client: Client) -> None:
    study = await blocking(
        create_study,
        {"x": FloatDistribution(0.0, 1.0)},
        directions=["minimize", "maximize"],
        metric_names=["loss", "accuracy"],
        sampler="nsga2",
        client=client,
    )
    results = iter([(1.0, 1.0), (2.0, 2.0), (3.0, 1.5)])

    await blocking(study.optimize, lambda _: next(results), n_trials=3)

    front = await blocking(lambda: study.best_trials)
    assert [trial.values for trial in front] == [[1.0, 1.0], [2.0, 2.0]]
    with pytest.raises(RuntimeError, match="read best_trials"):
        _ = study.best_trial
    trial = await blocking(study.ask)
    with pytest.raises(NotImplementedError):
        trial.report(1.0, 0)
    await blocking(study.close)


async def test_a_sweep_that_exists_is_a_study(client: Client) -> None:
    config = {
        "method": "random",
        "metric": {"name": "loss", "goal": "maximize"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "k": {"values": [1, 2]}, "c": {"value": "z"}},
    }
    sweep = (await blocking(client.create_sweep, config)).sweep

    study = await blocking(load_study, sweep.sweep_id, client=client)

    assert study.direction is optuna.study.StudyDirection.MAXIMIZE
    trial = await blocking(study.ask)
    assert trial.params["c"] == "z"
    assert trial.suggest_float("x", 0.0, 1.0) == trial.params["x"]
    # Unfinished trials go back to the sweep.
    await blocking(study.close)
    assert (await blocking(client.get_run, sweep.sweep_id, 0)).state is RunState.QUEUED


async def test_a_sweep_that_optuna_could_not_express_is_refused(client: Client) -> None:
    config = {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"distribution": "normal"}},
    }
    sweep = (await blocking(client.create_sweep, config)).sweep

    with pytest.raises(wanllmdb.UnsupportedError, match="x: Optuna has no distribution like"):
        await blocking(load_study, sweep.sweep_id, client=client)


async def test_a_sweep_that_ends_in_the_meantime_ends_optimize(
    study: Study, client: Client
) -> None:
    def objective(trial: Trial) -> float:
        client.cancel_sweep(study.sweep_id)
        return 1.0

    await blocking(study.optimize, objective, n_trials=5)

    assert (await blocking(client.get_sweep, study.sweep_id)).state is SweepState.CANCELED
    assert len(await blocking(study.get_trials)) == 1

"""`wanllmdb.integration.ray`: trials of Ray Tune are the runs of a sweep."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.e2e.test_docs import DOCS, blocks
from tests.integration.frameworks.conftest import ran
from tests.integration.frameworks.sweeps import reports_of
from tests.ray_cluster import why_not
from wanllmdb import (
    AlgorithmChoice,
    Categorical,
    Client,
    Constant,
    IntLogUniform,
    IntUniform,
    InvalidArgumentError,
    LogUniform,
    Method,
    Normal,
    Quantized,
    RunState,
    SweepState,
    Uniform,
)

if why_not():
    pytest.skip(f"no Ray: {why_not()}", allow_module_level=True)

from ray import tune

from wanllmdb.integration._ray_space import TuneSpace
from wanllmdb.integration.ray import SweepScheduler, SweepSearch

T = TypeVar("T")


async def blocking(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Call in a thread, because the services answer in this one."""
    return await asyncio.to_thread(function, *args, **options)


@pytest.fixture(autouse=True)
def _services(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.setenv(name, environment[name])


@pytest.fixture
async def search() -> AsyncIterator[SweepSearch]:
    """A searcher for three trials without Ray Tune around it."""
    made = SweepSearch(method="random", seed=1)
    made.set_search_properties("loss", "min", {"m": {"x": tune.uniform(0, 1)}}, num_samples=3)
    yield made
    await blocking(made.close)


def result(step: int, **values: Any) -> dict[str, Any]:
    """What Ray Tune hands on of a trial's report."""
    return {"training_iteration": step, "pid": 7, "done": False, "config/m/x": 0.5, **values}


def train(config: dict[str, Any]) -> None:
    """Fail below 0; else report three values, the last of which is the parameter."""
    if config["model"]["x"] < 0:
        raise ValueError(f"{config['bias']} and no more")
    for left in (2, 1, 0):
        tune.report({"loss": config["model"]["x"] + left * config["bias"]})


async def fitted(search: SweepSearch, folder: Path, **config: Any) -> Any:
    tuner = tune.Tuner(
        train,
        param_space={"model": {"x": config.pop("x")}, "bias": 0.25},
        tune_config=tune.TuneConfig(search_alg=search, **config),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    return await blocking(tuner.fit)


@pytest.mark.timeout(900)
async def test_trials_are_runs_that_finish_are_stopped_and_fail(
    client: Client, ray_address: str, tmp_path: Path
) -> None:
    with SweepSearch(
        method="grid", pruner=AlgorithmChoice("threshold", {"upper": 1.0}), name="trials"
    ) as search:
        results = await fitted(
            search,
            tmp_path,
            x=tune.grid_search([0.1, 0.75, -1.0]),
            metric="loss",
            mode="min",
            num_samples=3,
            scheduler=SweepScheduler(search),
        )
        numbers = search.run_numbers

    sweep = await blocking(client.get_sweep, search.sweep_id)
    reports = {
        each.run.parameters["model/x"]: each for each in await reports_of(client, search.sweep_id)
    }
    assert (sweep.name, sweep.state, sweep.spec.run_cap) == ("trials", SweepState.FINISHED, 3)
    assert {x: each.run.state for x, each in reports.items()} == {
        0.1: RunState.FINISHED,
        0.75: RunState.PRUNED,
        -1.0: RunState.FAILED,
    }
    assert reports[0.1].values["loss"] == pytest.approx([0.6, 0.35, 0.1])
    assert reports[0.75].values["loss"] == [1.25]
    error = reports[-1.0].run.error
    assert error is not None
    assert error.message == "ValueError: 0.25 and no more"
    assert 'raise ValueError(f"' in error.traceback
    # Ray Tune has the same trials, with what stays the same in all of them.
    assert results.num_errors == 1
    assert {each.metrics["training_iteration"] for each in results if not each.error} == {1, 3}
    best = results.get_best_result()
    assert best.config == {"model": {"x": 0.1}, "bias": 0.25}
    assert numbers[best.metrics["trial_id"]] == reports[0.1].run.number


@pytest.mark.timeout(900)
async def test_a_sweep_that_exists_ends_the_search(
    client: Client, ray_address: str, tmp_path: Path
) -> None:
    created = await blocking(
        client.create_sweep,
        {
            "method": "random",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"model": {"parameters": {"x": {"min": 0.0, "max": 1.0}}}},
            "run_cap": 2,
        },
    )
    with SweepSearch(created.sweep.sweep_id) as search:
        # Ray Tune replaces nothing in a space of which the sweep has all parameters.
        results = await fitted(search, tmp_path, x=None, num_samples=5)

    reports = await reports_of(client, search.sweep_id)
    assert [each.run.state for each in reports] == [RunState.FINISHED] * 2
    assert sorted(each.metrics["loss"] for each in results) == pytest.approx(
        sorted(each.run.parameters["model/x"] for each in reports)
    )


@pytest.mark.timeout(900)
async def test_the_program_of_the_page_runs(
    environment: dict[str, str], ray_address: str, tmp_path: Path
) -> None:
    (program,) = [each for each in blocks(DOCS / "ray.md") if each.language == "python"]
    file = tmp_path / "program.py"
    file.write_text(program.text)
    here = {"RAY_ADDRESS": ray_address, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    # On a busy machine the start of Ray's workers alone takes minutes.
    await ran(
        *(sys.executable, str(file)),
        environment={**environment, **here},
        folder=tmp_path,
        seconds=800,
    )


async def test_a_trial_without_a_scheduler_reports_each_result_once(
    search: SweepSearch, client: Client
) -> None:
    values = await blocking(search.suggest, "a")
    assert isinstance(values, dict)
    await blocking(search.on_trial_result, "a", result(1, loss=2.0, lr=0.1, word="no number"))
    await blocking(search.on_trial_result, "a", result(1, loss=3.0))
    await blocking(search.on_trial_complete, "a", result(2, loss=1.0, done=True))

    (report,) = await reports_of(client, search.sweep_id)
    assert values == {"m": {"x": report.run.parameters["m/x"]}}
    assert (report.run.state, report.run.objective) == (RunState.FINISHED, 1.0)
    assert report.values == {"loss": [2.0, 1.0], "lr": [0.1]}


async def test_how_a_trial_ends(search: SweepSearch, client: Client) -> None:
    for name in ("failed", "no number", "removed"):
        await blocking(search.suggest, name)
    numbers = search.run_numbers
    # The cap is reached, and a trial that fails may become a run again.
    assert await blocking(search.suggest, "later") is None
    await blocking(search.on_trial_complete, "failed", error=True)
    await blocking(search.on_trial_complete, "no number", result(1, loss=float("nan")))
    await blocking(search.on_trial_complete, "removed")
    again = await blocking(search.suggest, "again")

    runs = [each.run for each in await reports_of(client, search.sweep_id)]
    assert runs[numbers["failed"]].state is RunState.FAILED
    assert runs[numbers["no number"]].objective is None
    # The one that never began is assigned again.
    assert isinstance(again, dict)
    assert search.run_numbers["again"] == numbers["removed"]
    await blocking(search.on_trial_complete, "again", result(1, loss=1.0))
    assert await blocking(search.suggest, "none") == "FINISHED"


async def test_a_canceled_run_stops_its_trial(search: SweepSearch, client: Client) -> None:
    scheduler = SweepScheduler(search)
    trial: Any = type("Trial", (), {"trial_id": "a"})
    await blocking(search.suggest, "a")
    first = await blocking(scheduler.on_trial_result, None, trial, result(1, loss=1.0))
    await blocking(client.cancel_runs, search.sweep_id, [0])
    second = await blocking(scheduler.on_trial_result, None, trial, result(2, loss=1.0))
    await blocking(search.on_trial_complete, "a", result(2, loss=1.0))

    assert (first, second) == (scheduler.CONTINUE, scheduler.STOP)
    assert (await blocking(client.get_run, search.sweep_id, 0)).state is RunState.CANCELED


async def test_a_trial_that_is_tried_again_keeps_its_run(
    search: SweepSearch, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "error.txt"
    file.write_text("Failure # 1\nTraceback\nValueError: once\n")
    scheduler = SweepScheduler(search)
    for name in ("recovers", "does not"):
        trial: Any = type("Trial", (), {"trial_id": name, "error_file": str(file)})
        await blocking(search.suggest, name)
        await blocking(scheduler.on_trial_error, None, trial)
    await blocking(search.on_trial_complete, "recovers", result(1, loss=1.0))
    await blocking(search.on_trial_complete, "does not", error=True)

    finished, failed = [each.run for each in await reports_of(client, search.sweep_id)]
    assert (finished.state, finished.attempt) == (RunState.FINISHED, 1)
    assert failed.error is not None
    assert failed.error.message == "ValueError: once"


@pytest.mark.parametrize("file", [None, "removed.txt"])
async def test_a_trial_without_a_file_of_its_error_fails_too(
    file: str | None, search: SweepSearch, client: Client, tmp_path: Path
) -> None:
    error_file = None if file is None else str(tmp_path / file)
    trial: Any = type("Trial", (), {"trial_id": "a", "error_file": error_file})
    await blocking(search.suggest, "a")
    await blocking(SweepScheduler(search).on_trial_error, None, trial)
    await blocking(search.on_trial_complete, "a", error=True)

    (report,) = await reports_of(client, search.sweep_id)
    assert report.run.error is not None
    assert report.run.error.message == "the trial failed"


async def test_another_process_goes_on_with_the_trials(
    search: SweepSearch, client: Client, tmp_path: Path
) -> None:
    for name in ("kept", "lost"):
        await blocking(search.suggest, name)
    await blocking(search.on_trial_result, "kept", result(1, loss=2.0))
    await blocking(search.save, str(tmp_path / "state"))
    number = search.run_numbers["lost"]
    await blocking(client.release_run, search.sweep_id, number, 1)
    await blocking(client.suggest, search.sweep_id, agent_id="another")
    with SweepSearch(method="random") as other:
        await blocking(other.restore, str(tmp_path / "state"))
        await blocking(other.on_trial_complete, "kept", result(2, loss=1.0))
        await blocking(other.on_trial_complete, "lost", result(2, loss=1.0))

    runs = [each.run for each in await reports_of(client, search.sweep_id)]
    assert [run.state for run in runs] == [RunState.FINISHED, RunState.RUNNING]
    assert runs[number].agent_id == "another"


async def test_closing_gives_open_runs_back(search: SweepSearch, client: Client) -> None:
    await blocking(search.suggest, "a")
    await blocking(search.close)

    (run,) = [each.run for each in await reports_of(client, search.sweep_id)]
    assert run.state is RunState.QUEUED


def test_a_space_is_the_sweeps() -> None:
    thing = object()
    space = TuneSpace(
        {
            "lr": tune.loguniform(1e-4, 0.1),
            "q": tune.quniform(0, 1, 0.25),
            "n": tune.randint(1, 9),
            "steps": tune.qrandint(8, 64, 8),
            "width": tune.lograndint(1, 65),
            "one": tune.randint(3, 4),
            "noise": tune.randn(1, 2),
            "m": {"opt": tune.choice(["adam", None]), "x": tune.uniform(0, 1)},
            "thing": tune.choice([thing, 2]),
            "fixed": 5,
        }
    )

    named = space.parameters["thing"]
    assert isinstance(named, Categorical)
    assert space.parameters == {
        "lr": LogUniform(1e-4, 0.1),
        "q": Quantized(Uniform(0.0, 1.0), 0.25),
        "n": IntUniform(1, 8),
        "steps": IntUniform(8, 64, 8),
        "width": IntLogUniform(1, 64),
        "one": Constant(3),
        "noise": Normal(1.0, 2.0),
        "m/opt": Categorical(("adam", None)),
        "m/x": Uniform(0.0, 1.0),
        "thing": named,
    }
    assert space.config({"m/opt": None, "m/x": 0.5, "thing": named.values[0]}) == {
        "m": {"opt": None, "x": 0.5},
        "thing": thing,
    }


def test_every_problem_of_a_search_is_named() -> None:
    space = {
        "a": tune.sample_from(lambda _: 1),
        "b": tune.grid_search([1, 2]),
        "c": [tune.uniform(0, 1)],
        "d": tune.choice([tune.uniform(0, 1), 2]),
        "g/h": tune.uniform(0, 1),
        "g": {"h": tune.uniform(0, 1)},
    }
    with pytest.raises(InvalidArgumentError) as failure:
        SweepSearch().set_search_properties(None, None, space)

    paths = [path for path, _ in failure.value.fields]
    named = ["metric", *(f"param_space.{name}" for name in ("a", "b", "c/0", "d", "g/h"))]
    assert sorted(paths) == sorted(named)
    with pytest.raises(InvalidArgumentError, match="nothing to search"):
        SweepSearch().set_search_properties("loss", "min", {"x": 1})
    with pytest.raises(InvalidArgumentError, match="are for a new sweep"):
        SweepSearch("an-id", seed=1)


async def test_a_metric_that_the_sweep_does_not_have_is_an_error(
    search: SweepSearch, client: Client
) -> None:
    await blocking(search.suggest, "a")
    other = SweepSearch(search.sweep_id)
    other.set_search_properties("loss", "max", {})
    with pytest.raises(InvalidArgumentError, match=r"has loss \(minimize\)"):
        await blocking(other.suggest, "b")
    sweep = await blocking(client.get_sweep, search.sweep_id)
    assert (sweep.spec.method, sweep.spec.run_cap) == (Method.RANDOM, 3)

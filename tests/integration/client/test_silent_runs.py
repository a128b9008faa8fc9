"""Disabled runs, ranks other than 0, and threads of an ended run report nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, Run, RunState


async def one_run(client: Client, train: Callable[[], None], **more: Any) -> Run:
    """The run of a function."""
    sweep_id = await new_sweep(client, **more)
    await run_agent(client, sweep_id, train, count=1)
    (run,) = await runs_of(client, sweep_id)
    return run


def report_99() -> None:
    wandb.log({"loss": 99.0})


def by_argument(_patch: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"mode": "disabled"}


def by_settings(_patch: pytest.MonkeyPatch) -> dict[str, Any]:
    return {"settings": {"mode": "disabled"}}


def by_environment(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    patch.setenv("WANDB_MODE", "disabled")
    return {}


@pytest.mark.parametrize("how", [by_argument, by_settings, by_environment])
async def test_a_disabled_init_reads_its_config_and_reports_nothing(
    client: Client,
    how: Callable[[pytest.MonkeyPatch], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = how(monkeypatch)
    seen: list[Any] = []

    def train() -> None:
        with wandb.init(config={"epochs": 3}, name="not this one", **arguments) as run:
            seen.append((wandb.config.n, wandb.config.epochs, run.disabled, wandb.run is run))
            wandb.log({"loss": 99.0})
            wandb.summary["loss"] = 99.0
            seen.append(wandb.summary["loss"])
            run.tags = ("none",)
            wandb.config["more"] = 1
        seen.append(wandb.run)

    run = await one_run(client, train, parameters={"n": {"value": 32}})

    assert seen == [(32, 3, True, True), 99.0, None]
    assert (run.state, run.objective) == (RunState.FINISHED, None)
    assert (run.summary, run.last_step, run.labels, run.config, run.name) == ({}, None, {}, {}, "")
    said = capsys.readouterr().err
    assert "nothing was reported of run 0, because init was called with mode='disabled'" in said


async def test_a_disabled_part_within_a_run_leaves_its_objective_alone(client: Client) -> None:
    def train() -> None:
        outer = wandb.init()
        wandb.log({"loss": 1.0})
        with wandb.init(mode="disabled", reinit=True) as inner:
            wandb.log({"loss": 99.0})
            inner.log({"loss": 98.0})
            outer.log({"loss": 2.0})
        assert wandb.run is outer
        wandb.log({"acc": 0.5})

    run = await one_run(client, train)

    assert (run.objective, run.summary) == (2.0, {"loss": 2.0, "acc": 0.5})


@pytest.mark.parametrize("mode", ["offline", "dryrun", "online", "shared"])
async def test_a_run_of_any_other_mode_reports(
    client: Client, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def train() -> None:
        for _ in range(2):
            wandb.init(mode=mode)
            wandb.log({"loss": 1.0})
            wandb.finish()

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)
    is_offline = mode in ("offline", "dryrun")
    said = capsys.readouterr().err.count("the mode 'offline' has no effect in a sweep")
    assert said == int(is_offline)


async def test_a_mode_that_there_is_not_is_refused(client: Client) -> None:
    def train() -> None:
        with pytest.raises(
            wandb.InvalidArgumentError, match=r"init: mode must be one of 'online'.*'onlin'"
        ):
            wandb.init(mode="onlin")
        wandb.log({"loss": 1.0})

    assert (await one_run(client, train)).state is RunState.FINISHED


async def test_ranks_in_the_agents_own_environment_say_nothing_of_its_function(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_PROCID", "3")
    monkeypatch.setenv("RANK", "3")

    def train() -> None:
        wandb.init()
        wandb.log({"loss": 1.0})

    assert (await one_run(client, train)).objective == 1.0


async def test_a_thread_that_outlives_its_run_reaches_no_other_one(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    go_on = threading.Event()
    errors: list[wandb.NoRunError] = []
    threads: list[threading.Thread] = []

    def log_later() -> None:
        go_on.wait(60)
        reach: list[Callable[[], Any]] = [report_99, wandb.init, lambda: wandb.config.x]
        for each in reach:
            try:
                each()
            except wandb.NoRunError as error:
                errors.append(error)

    def train() -> None:
        if not threads:
            threads.append(threading.Thread(target=log_later))
            threads[0].start()
            wandb.log({"loss": 1.0})
        else:
            go_on.set()
            threads[0].join()
            wandb.log({"loss": 2.0})

    await run_agent(client, sweep_id, train)

    assert [run.objective for run in await runs_of(client, sweep_id)] == [1.0, 2.0]
    assert len(errors) == 3
    assert "this thread was started by an earlier run" in str(errors[0])


async def test_a_thread_with_a_run_that_has_ended_reaches_no_other_one(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    runs: list[Any] = []

    def train() -> None:
        runs.append(wandb.init())
        if len(runs) == 2:
            with pytest.raises(wandb.NoRunError):
                runs[0].log({"loss": 99.0})
            with pytest.raises(wandb.NoRunError):
                runs[0].begin()
        wandb.log({"loss": float(len(runs))})

    await run_agent(client, sweep_id, train)

    assert [run.objective for run in await runs_of(client, sweep_id)] == [1.0, 2.0]


async def test_a_run_of_the_script_itself_is_not_that_of_its_function(client: Client) -> None:
    outside = await asyncio.to_thread(wandb.init, config={"seed": 7})
    seen: list[Any] = []

    def train() -> None:
        run = wandb.init()
        seen.append((run is outside, "seed" in wandb.config))
        wandb.log({"loss": 1.0})

    run = await one_run(client, train)

    assert run.objective == 1.0
    assert seen == [(False, False)]
    assert wandb.run is outside
    wandb.finish()
    assert wandb.run is None

"""What a training function sees of its run, and which of its logged values are stored."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import numpy as np
import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, report_x, run_agent, runs_of
from wanllmdb import Client, InvalidArgumentError, RunState


async def test_what_is_logged_is_the_history(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.log({"loss": np.float32(0.5), "val": {"ok": True}, "sample": "text"})
        wandb.log({"loss": math.nan, "sample": "text"})
        wandb.log({"loss": 0.25}, step=10, commit=True)
        wandb.log({"loss": 0.125})

    await run_agent(client, sweep_id, train, count=1)

    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert sorted(history) == ["loss", "val.ok"]
    points = history["loss"].points
    assert [point.step for point in points] == [0, 1, 10, 11]
    assert math.isnan(points[1].value)
    assert points[3].value == 0.125
    assert capsys.readouterr().err.count("'sample' is left out") == 1


async def test_a_name_that_is_none_loses_no_run(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init()
        wandb.log({"loss": 1.0, "": 2.0, "x" * 201: 3.0, "a\0b": 4.0, "y" * 200: 5.0})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED
    assert run.summary == {"loss": 1.0, "y" * 200: 5.0}
    assert capsys.readouterr().err.count("log leaves out") == 3


async def test_a_run_is_described_by_what_looks_like_text(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init(name=7, tags="baseline", group=3)  # type: ignore[arg-type]
        wandb.log({"loss": 1.0})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert (run.name, run.labels) == ("7", {"baseline": "", "group": "3"})


async def test_a_step_is_an_integer(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init()
        with pytest.raises(InvalidArgumentError, match=r"step must be an integer, but is 1\.5"):
            wandb.log({"loss": 1.0}, step=1.5)  # type: ignore[arg-type]
        wandb.log({"loss": 1.0})

    result = await run_agent(client, sweep_id, train, count=1)

    assert result.failed == 0


async def test_steps_and_commits_are_as_in_wandb(client: Client) -> None:
    sweep_id = await new_sweep(client)
    steps: list[int] = []

    def train() -> None:
        run = wandb.init()
        calls: list[tuple[dict[str, float], dict[str, Any]]] = [
            ({"a": 1.0}, {"commit": False}),
            ({"b": 1.0}, {}),
            ({"a": 2.0}, {}),
            ({"a": 3.0}, {"step": 5}),
            ({"b": 3.0}, {}),
            ({"a": 4.0}, {"step": 7, "commit": True}),
            ({"loss": 1.0}, {}),
        ]
        for data, how in calls:
            wandb.log(data, **how)
            steps.append(run.step)

    await run_agent(client, sweep_id, train, count=1)

    assert steps == [0, 1, 2, 5, 6, 8, 9]
    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    points = {
        name: [(point.step, point.value) for point in metric.points]
        for name, metric in history.items()
    }
    assert points == {
        "a": [(0, 1.0), (1, 2.0), (5, 3.0), (7, 4.0)],
        "b": [(0, 1.0), (5, 3.0)],
        "loss": [(8, 1.0)],
    }


async def test_what_is_set_in_the_summary_counts(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        if wandb.init().number == 0:
            wandb.log({"loss": 3.0, "acc": 0.5})
            wandb.log({"loss": 2.0})
            assert dict(wandb.summary) == {"loss": 2.0, "acc": 0.5}
            wandb.summary.update({"loss": 1.0, "checkpoint": "best.pt"})
            assert wandb.summary.checkpoint == "best.pt"
        else:
            assert wandb.run is not None
            wandb.run.summary["loss"] = 5.0

    await run_agent(client, sweep_id, train)

    runs = await runs_of(client, sweep_id)
    assert [run.objective for run in runs] == [1.0, 5.0]
    assert runs[0].summary == {"loss": 1.0, "acc": 0.5}
    assert runs[0].last_step == 1


async def test_what_the_function_makes_of_its_config_is_stored_beside_the_parameters(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, parameters={"lr": {"value": 0.5}, "n": {"value": 32}})

    def train() -> None:
        wandb.init(config={"epochs": 3, "n": 1}, name="mine", tags=["a"], group="g")
        wandb.config.lr = 0.25
        wandb.log({"loss": wandb.config.lr})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.parameters == {"lr": 0.5, "n": 32}
    assert run.config == {"lr": 0.25, "epochs": 3}
    assert (run.name, run.labels) == ("mine", {"a": "", "group": "g"})
    # Nothing to warn of.
    assert capsys.readouterr().err.startswith("run 0 finished")


async def test_what_is_no_number_warns_once_and_fails_nothing(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        for _ in range(3):
            wandb.log({"loss": np.array([0.5]), "none": None, "hist": [1, 2], "z": 1j})

    result = await run_agent(client, sweep_id, train)

    assert (result.runs, result.failed) == (2, 0)
    said = capsys.readouterr().err
    for name in ("none", "hist", "z"):
        assert said.count(f"'{name}' is left out") == 1


async def test_many_values_all_arrive(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        for step in range(30):
            wandb.log({f"m{index}": float(step) for index in range(1_000)} | {"loss": 1.0})

    await run_agent(client, sweep_id, train, count=1)

    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert len(history) == 1_001
    assert all(len(metric.points) == 30 for metric in history.values())


async def test_the_function_sees_its_run(client: Client) -> None:
    sweep_id = await new_sweep(
        client, parameters={"opt": {"parameters": {"lr": {"value": 0.5}}}, "n": {"value": 32}}
    )
    seen: dict[str, Any] = {}

    def train() -> None:
        run = wandb.init(config={"epochs": 3, "n": 1, "opt": {"lr": 9}}, project="ignored")
        seen.update(
            same=wandb.init() is run,
            run=(run.sweep_id, run.number, run.id),
            config=dict(wandb.config),
            attribute=wandb.config.opt.lr,
            type=type(wandb.config["n"]),
        )
        run.log({"loss": 1})

    await run_agent(client, sweep_id, train, count=1)

    assert seen == {
        "same": True,
        "run": (sweep_id, 0, f"{sweep_id}-0"),
        "config": {"opt": {"lr": 0.5}, "n": 32, "epochs": 3},
        "attribute": 0.5,
        "type": int,
    }


async def test_a_thread_of_the_function_belongs_to_its_run(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        worker = threading.Thread(target=report_x)
        worker.start()
        worker.join()

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED

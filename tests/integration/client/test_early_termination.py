"""The agent under Optuna's pruners and under a terminator."""

from __future__ import annotations

import asyncio
import math
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.conftest import config
from tests.integration.client.function_agents import new_sweep, run_agent
from tests.integration.client.killable import killable_services
from wanllmdb import AgentResult, Client, FinishReason, Run, RunState

EPOCHS = 20


async def swept(
    client: Client, train: Callable[[], Any], **more: Any
) -> tuple[AgentResult, str, list[Run]]:
    """Runs a sweep to its end: the agent's output, the sweep, and its runs."""
    created = await asyncio.to_thread(client.create_sweep, config(**more))
    sweep_id = created.sweep.sweep_id
    result = await asyncio.to_thread(wandb.agent, sweep_id, train, client=client)
    return result, sweep_id, await asyncio.to_thread(lambda: list(client.list_runs(sweep_id)))


@pytest.mark.parametrize(
    ("pruner", "last_step"),
    [
        # Each run is worse than all before it: stopped where it is first tested.
        ({"name": "median", "options": {"n_startup_trials": 1, "n_warmup_steps": 5}}, 5),
        ({"name": "successive_halving", "options": {"min_resource": 4}}, 4),
        ({"name": "threshold", "options": {"upper": 1.5, "interval_steps": 10}}, 0),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else None,
)
async def test_a_run_stops_where_it_is_tested(
    client: Client, pruner: dict[str, Any], last_step: int
) -> None:
    def train() -> None:
        run = wandb.init()
        for epoch in range(EPOCHS):
            wandb.log({"loss": 2 * run.number - epoch / 100})

    _, _, runs = await swept(client, train, pruner=pruner, run_cap=4)

    assert [run.state for run in runs] == [RunState.FINISHED] + [RunState.PRUNED] * 3
    assert [run.last_step for run in runs] == [EPOCHS - 1] + [last_step] * 3
    for run in runs[1:]:
        assert run.error is not None
        assert f"run {run.number} stops: at " in run.error.message


async def test_a_run_that_blows_up_stops(client: Client) -> None:
    def train() -> None:
        for epoch in range(EPOCHS):
            wandb.log({"loss": 1.0 if epoch < 3 else math.nan})

    pruner = {"name": "threshold", "options": {"upper": 10, "n_warmup_steps": 2}}
    _, _, runs = await swept(client, train, pruner=pruner, run_cap=2)

    assert [(run.state, run.last_step) for run in runs] == [(RunState.PRUNED, 3)] * 2
    assert runs[0].error is not None
    assert runs[0].error.message.endswith("run 0 stops: at step 3 its 'loss' is nan")


async def test_an_agent_ends_with_its_sweep(client: Client) -> None:
    def train() -> None:
        wandb.log({"loss": 1.0})

    terminator = {"name": "no_improvement", "options": {"runs": 4, "min_runs": 1}}
    result, sweep_id, runs = await swept(client, train, terminate=terminator)

    assert (result.runs, result.failed) == (5, 0)
    assert "terminator" in result.ended_by
    assert [run.state for run in runs] == [RunState.FINISHED] * 5
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert sweep.finish_reason is FinishReason.TERMINATED
    assert "none of the last 4 finished runs is better" in sweep.end_message


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_training_continues_without_a_reply_to_stop_checks(
    database_url: str, how: signal.Signals
) -> None:
    async with killable_services(database_url) as services:
        with Client(services.registry.address, services.suggestion.address) as client:
            rule = {"type": "hyperband", "min_iter": 4, "eta": 2, "strict": True}
            created = await asyncio.to_thread(
                client.create_sweep, config(early_terminate=rule, run_cap=4)
            )
            sweep_id = created.sweep.sweep_id
            began, away, trained, back = (threading.Event() for _ in range(4))

            def train() -> None:
                run = wandb.init()
                if run.number < 3:
                    for _ in range(8):
                        wandb.log({"loss": 0.1})
                    return
                wandb.log({"loss": 9.0})
                began.set()
                away.wait()
                for _ in range(5):
                    wandb.log({"loss": 9.0})
                trained.set()
                back.wait()
                while True:
                    # Of the step before: no further iteration.
                    wandb.log({"loss": 9.0}, step=5)
                    time.sleep(0.1)

            agent = asyncio.create_task(
                asyncio.to_thread(wandb.agent, sweep_id, train, client=client)
            )
            await asyncio.to_thread(began.wait, 60)
            assert services.suggestion.process is not None
            services.suggestion.process.send_signal(how)
            away.set()
            # Of 30 s that a call may take, and 10 that one once took.
            assert await asyncio.to_thread(trained.wait, 9)
            await services.suggestion.kill()
            await services.start()
            back.set()

            await asyncio.wait_for(agent, 60)
            runs = await asyncio.to_thread(lambda: list(client.list_runs(sweep_id)))
            assert [run.state for run in runs] == [RunState.FINISHED] * 3 + [RunState.PRUNED]


@pytest.mark.parametrize("value", ["last", "best"])
async def test_a_run_whose_last_value_is_far_worse_than_its_best_is_warned_of_once(
    client: Client, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    sweep_id = await new_sweep(
        client,
        metric={"name": "loss", "value": value},
        early_terminate={"type": "hyperband", "min_iter": 50},
    )

    def train() -> None:
        for loss in (9.0, 1.0, 8.0):
            wandb.log({"loss": loss})

    await run_agent(client, sweep_id, train, count=2)

    err = capsys.readouterr().err
    assert err.count("ended with loss 8, though it was at 1 before") == (value == "last")
    assert err.count("metric.value: best") == (value == "last")

"""An agent resumes under its name, and an agent stays until no run can be queued again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import wanllmdb as wandb
from tests.conftest import registry_server, suggestion_server
from tests.integration.client.conftest import config
from tests.integration.client.programs import (
    WANLLMDB,
    end_of,
    new_sweep,
    reaches,
    runs_of,
    started,
)
from wanllmdb import Client, InvalidArgumentError, MetricRow, RunState, Succeeded

# Trains 6 steps with a checkpoint after each; its first life is killed after step 2.
CHECKPOINTED = """
import pathlib, sys, time
import wanllmdb as wandb
folder = pathlib.Path(sys.argv[2])
def train():
    run = wandb.init()
    checkpoint = folder / run.id
    begin = int(checkpoint.read_text()) + 1 if run.resumed else 0
    print("resumed" if run.resumed else "new", "step", run.step, "begin", begin, flush=True)
    for step in range(begin, 6):
        wandb.log({"loss": 6.0 - step})
        checkpoint.write_text(str(step))
        if step == 2 and not run.resumed:
            time.sleep(1)
            print("checkpointed", flush=True)
            time.sleep(60)
wandb.agent(sys.argv[1], train)
"""

PROGRAM = """
import sys, time
import wanllmdb as wandb
run = wandb.init()
print("resumed" if wandb.run.resumed else "new", run.step, dict(run.summary), flush=True)
for step in range(run.step, 4):
    wandb.log({"loss": float(step)})
    if not run.resumed:
        time.sleep(1)
        print("logged", flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize("how", ["by the call", "by the environment"])
async def test_a_crashed_agent_goes_on_with_its_run(
    client: Client, environment: dict[str, str], tmp_path: Path, how: str
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    code, named = CHECKPOINTED, environment
    if how == "by the call":
        code = code.replace("train)", 'train, agent_id="node-7", resume=True)')
    else:
        named = environment | {"WANLLMDB_AGENT_ID": "node-7", "WANLLMDB_RESUME": "1"}
    command = (sys.executable, "-c", code, sweep_id, str(tmp_path))
    async with started(*command, environment=named) as process:
        await reaches(process, "new step 0 begin 0")
        await reaches(process, "checkpointed")
        process.kill()
        await process.wait()

    async with started(*command, environment=named) as process:
        await reaches(process, "resumed step 3 begin 3")
        # After it a new one.
        await reaches(process, "new step 0 begin 0")
        await reaches(process, "checkpointed")
        process.kill()

    first, second = await runs_of(client, sweep_id)
    assert (first.state, first.attempt, first.objective) == (RunState.FINISHED, 1, 1.0)
    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert [point.step for point in history["loss"].points] == list(range(6))
    assert (second.state, second.agent_id) == (RunState.RUNNING, "node-7")


async def test_a_program_knows_that_its_run_is_resumed(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    command = (*WANLLMDB, "agent", sweep_id, "--agent-id", "node-8", "--resume", "--")
    program = (sys.executable, "-c", PROGRAM)
    async with started(*command, *program, environment=environment) as process:
        await reaches(process, "new 0 {}")
        await reaches(process, "logged")
        process.kill()
        await process.wait()

    async with started(*command, *program, environment=environment) as process:
        await reaches(process, "resumed 1 {'loss': 0.0}")
        _, err = await end_of(process)

    assert process.returncode == 0, err
    assert "run 0 is resumed: step 1 is next" in err
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.attempt, run.last_step) == (RunState.FINISHED, 1, 3)


async def test_each_place_of_an_agent_resumes_its_own_run(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)
    command = (*WANLLMDB, "agent", sweep_id, "--agent-id", "n", "--resume", "--parallel", "3", "--")
    program = (sys.executable, "-c", PROGRAM)
    async with started(*command, *program, environment=environment) as process:
        for _ in range(3):
            assert process.stdout is not None
            while b"logged" not in await asyncio.wait_for(process.stdout.readline(), 60):
                pass
        process.kill()
        await process.wait()
    assert sorted(run.agent_id for run in await runs_of(client, sweep_id)) == ["n", "n/1", "n/2"]

    async with started(*command, *program, environment=environment) as process:
        out, err = await end_of(process)

    assert process.returncode == 0, err
    assert out.count("resumed 1 ") == 3
    runs = await runs_of(client, sweep_id)
    assert [(run.state, run.attempt) for run in runs] == [(RunState.FINISHED, 1)] * 3


async def test_an_agent_resumes_all_that_it_holds(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=3)
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="me", count=2)
    seen: list[tuple[int, bool]] = []

    def train() -> None:
        run = wandb.init()
        seen.append((run.number, run.resumed))
        wandb.log({"loss": 1.0})

    await asyncio.to_thread(wandb.agent, sweep_id, train, agent_id="me", resume=True, client=client)

    assert seen == [(0, True), (1, True), (2, False)]


async def test_early_termination_counts_what_was_reported_before(client: Client) -> None:
    rule = {"type": "hyperband", "min_iter": 4, "eta": 2, "strict": True}
    sweep_id = await new_sweep(client, early_terminate=rule, run_cap=4)
    for number in range(3):
        await asyncio.to_thread(client.suggest, sweep_id, agent_id="good")
        rows = [MetricRow(step, {"loss": 0.1}) for step in range(8)]
        await asyncio.to_thread(client.finish_run, sweep_id, number, 1, Succeeded(), rows=rows)
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="bad")
    rows = [MetricRow(step, {"loss": 9.0}) for step in range(3)]
    await asyncio.to_thread(client.report_metrics, sweep_id, 3, 1, rows)
    logged: list[int] = []

    def train() -> None:
        run = wandb.init()
        for _ in range(8):
            logged.append(run.step)
            wandb.log({"loss": 9.0})

    await asyncio.to_thread(
        wandb.agent, sweep_id, train, agent_id="bad", resume=True, client=client
    )

    # The fourth value of the run, which is the first one of this life.
    assert logged == [3]
    assert (await runs_of(client, sweep_id))[3].state is RunState.PRUNED


async def test_to_resume_takes_a_name(client: Client) -> None:
    named = r"resume needs the agent's earlier name.*--agent-id or WANLLMDB_AGENT_ID"
    with pytest.raises(InvalidArgumentError, match=named):
        wandb.agent("s", lambda: None, resume=True, client=client)


@pytest.fixture
async def short_leases(database_url: str) -> AsyncIterator[Client]:
    async with (
        registry_server(database_url, lease=timedelta(seconds=2)) as registry,
        suggestion_server(registry) as suggestion,
    ):
        with Client(registry, suggestion) as client:
            yield client


def report() -> None:
    wandb.log({"loss": 1.0})


async def test_an_agent_that_stays_takes_what_another_one_loses(
    short_leases: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    client = short_leases
    sweep_id = await new_sweep(client, run_cap=2)
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="dies")

    result = await asyncio.to_thread(wandb.agent, sweep_id, report, stay=True, client=client)

    assert result.runs == 2
    runs = await runs_of(client, sweep_id)
    assert [(run.state, run.attempt) for run in runs] == [
        (RunState.FINISHED, 2),
        (RunState.FINISHED, 1),
    ]
    err = capsys.readouterr().err
    assert f"staying: 1 run of sweep {sweep_id} is still running, and may be queued again" in err


async def test_an_agent_that_stays_ends_with_the_sweep(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="slow")
    agent = asyncio.create_task(
        asyncio.to_thread(wandb.agent, sweep_id, report, stay=True, client=client)
    )
    await asyncio.sleep(1.5)
    assert not agent.done()
    await asyncio.to_thread(client.finish_run, sweep_id, 0, 1, Succeeded(1.0))

    result = await asyncio.wait_for(agent, 60)

    assert result.runs == 1
    assert "its run_cap was reached" in result.ended_by or "finished" in result.ended_by


async def test_an_agent_that_does_not_stay_says_what_others_still_do(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="slow", count=2)

    result = await asyncio.to_thread(wandb.agent, sweep_id, report, client=client)

    why = "its run_cap was reached; other agents still work on 2 runs"
    assert result.ended_by == f"the sweep has no more runs: {why}"
    assert f"agent done (the sweep has no more runs: {why}): 1 run" in capsys.readouterr().err


async def test_a_target_that_is_reached_ends_agents_that_stay(client: Client) -> None:
    metric = {"name": "loss", "goal": "minimize", "target": 2.0}
    created: Any = await asyncio.to_thread(client.create_sweep, config(metric=metric))
    sweep_id = created.sweep.sweep_id
    await asyncio.to_thread(client.suggest, sweep_id, agent_id="slow")

    agent = asyncio.to_thread(wandb.agent, sweep_id, report, stay=True, client=client)
    result = await asyncio.wait_for(agent, 60)

    assert result.runs == 1

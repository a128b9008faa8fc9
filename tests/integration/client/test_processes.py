"""Agents as processes of their own: the program of the README, Ctrl-C, lost leases, commands."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import registry_server, suggestion_server
from tests.integration.client.conftest import config
from tests.ports import free_port
from wanllmdb import AsyncClient, Client, Failed, Run, RunChanged, RunState, Succeeded
from wanllmdb._agent import ActiveRun, Agent, Ended

SLOW_AGENT = """
import sys, time
import wanllmdb as wandb
def train():
    for step in range(int(sys.argv[2])):
        wandb.log({"loss": wandb.config.x})
        print("step", step, flush=True)
        time.sleep(0.05)
wandb.agent(sys.argv[1], train)
"""

PROGRAM = """
import random
import wanllmdb as wandb
sweep_config = {
    'method': 'bayes',
    'metric': {'name': 'val_accuracy', 'goal': 'maximize'},
    'parameters': {
        'learning_rate': {'distribution': 'log_uniform', 'min': 0.0001, 'max': 0.01},
        'batch_size': {'values': [16, 32, 64, 128]},
        'optimizer': {'values': ['adam', 'sgd', 'rmsprop']},
        'dropout': {'distribution': 'uniform', 'min': 0.0, 'max': 0.5, 'q': 0.1},
    },
    'early_terminate': {'type': 'hyperband', 'min_iter': 3},
    'run_cap': 50,
}
sweep_id = wandb.sweep(sweep_config, project="my-project")
def train():
    run = wandb.init()
    config = wandb.config
    best = 1 - abs(config.learning_rate - 0.003) * 50 - config.dropout / 10
    for epoch in range(9):
        accuracy = best * (1 - 0.5 ** (epoch + 1))
        wandb.log({'loss': 1 - accuracy, 'val_accuracy': accuracy})
wandb.agent(sweep_id, function=train, count=10)
print(sweep_id)
"""

DONE_AFTER_ITS_LEASE = """
import sys, time
import wanllmdb as wandb
def train():
    wandb.log({"loss": 0.5})
    time.sleep(0.5)
    print("about to return", flush=True)
    time.sleep(1)
wandb.agent(sys.argv[1], train, count=1)
"""

CHILD = """
import sys, time
import wanllmdb as wandb
run = wandb.init()
assert sys.argv[1] == f"--x={run.config.x}"
for step in range(9):
    wandb.log({"loss": run.number + 1 / (step + 1)})
    time.sleep(0.01)
sys.exit(5 if run.number == 1 else 0)
"""


async def start(
    code: str, *arguments: str, environment: dict[str, str]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        *arguments,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def reaches(process: asyncio.subprocess.Process, line: bytes) -> None:
    assert process.stdout is not None
    while (read := await asyncio.wait_for(process.stdout.readline(), 60)).strip() != line:
        assert read, "the program ended"


async def new_sweep(client: Client, **more: Any) -> str:
    created = await asyncio.to_thread(client.create_sweep, config(**more))
    return created.sweep.sweep_id


async def runs_of(client: Client, sweep_id: str) -> list[Run]:
    return await asyncio.to_thread(lambda: list(client.list_runs(sweep_id)))


async def test_a_program_written_for_wandb_runs_as_it_stands(
    client: Client, environment: dict[str, str]
) -> None:
    process = await start(PROGRAM, environment=environment)
    out, err = await asyncio.wait_for(process.communicate(), 60)

    assert process.returncode == 0, err.decode()
    runs = await runs_of(client, out.decode().strip())
    assert [run.number for run in runs] == list(range(10))
    assert {run.state for run in runs} <= {RunState.FINISHED, RunState.PRUNED}
    lines = err.decode().splitlines()
    assert sum(line.startswith("run ") for line in lines) == 10
    assert lines[-1].startswith("agent done (it has done as many runs as requested): 10 runs; best")


async def test_no_service_there_is_one_sentence(environment: dict[str, str]) -> None:
    nowhere = environment | {"WANLLMDB_REGISTRY": "127.0.0.1:1"}
    process = await start("import wanllmdb; wanllmdb.sweep({})", environment=nowhere)
    _, err = await asyncio.wait_for(process.communicate(), 10)

    assert process.returncode == 1
    text = err.decode()
    assert "no registry answers at 127.0.0.1:1: start one with `wanllmdb up`" in text
    assert "grpc" not in text


class RunAsChild:
    """A minimal command agent."""

    def __call__(self, run: ActiveRun) -> Ended:
        arguments = [f"--x={run.config.x}"]
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments], env=os.environ | run.environment()
        )
        while child.poll() is None:
            if run.wait_for_stop(0.05) is not None:
                child.terminate()
                child.wait()
                return Ended(None)
        code = child.returncode
        return Ended(Succeeded() if code == 0 else Failed(f"exit {code}"))

    def close(self) -> None:
        """Nothing is left."""

    def kill(self) -> None:
        """Never asked for."""


async def test_a_program_finds_its_run_by_the_environment(client: Client) -> None:
    sweep_id = await new_sweep(client)

    result = await asyncio.to_thread(Agent(client, sweep_id, lambda _: RunAsChild(), count=3).run)

    assert (result.runs, result.failed) == (3, 1)
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [
        RunState.FINISHED,
        RunState.FAILED,
        RunState.FINISHED,
    ]
    assert [run.last_step for run in runs] == [8, 8, 8]
    assert runs[1].error is not None
    assert runs[1].error.message == "exit 5"


async def test_early_termination_ends_a_program_quietly(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, early_terminate={"type": "hyperband", "min_iter": 3})
    await asyncio.to_thread(client.enqueue_runs, sweep_id, [{}] * 5)

    await asyncio.to_thread(Agent(client, sweep_id, lambda _: RunAsChild(), count=5).run)

    runs = await runs_of(client, sweep_id)
    pruned = [run for run in runs if run.state is RunState.PRUNED]
    assert pruned
    assert all(run.last_step == 2 for run in pruned)
    assert "Traceback" not in capfd.readouterr().err


async def until_given_up(client: Client, sweep_id: str) -> None:
    async with AsyncClient(client.registry_address) as watcher:
        async for change in watcher.watch_sweep(sweep_id):
            if isinstance(change, RunChanged) and change.run.state is RunState.QUEUED:
                return


async def test_an_agent_that_was_away_too_long_leaves_its_run_to_another(
    database_url: str, environment: dict[str, str]
) -> None:
    async with (
        registry_server(database_url, lease=timedelta(seconds=1.5)) as registry,
        suggestion_server(registry) as suggestion,
    ):
        with Client(registry, suggestion) as client:
            sweep_id = await new_sweep(client, run_cap=1)
            here = environment | {"WANLLMDB_REGISTRY": registry, "WANLLMDB_SUGGESTION": suggestion}
            process = await start(SLOW_AGENT, sweep_id, "100", environment=here)

            # Heartbeats keep the lease, though the run takes longer.
            await reaches(process, b"step 60")
            process.send_signal(signal.SIGSTOP)
            await asyncio.wait_for(until_given_up(client, sweep_id), 30)
            other = await asyncio.to_thread(client.suggest, sweep_id, agent_id="other")
            assert [(run.number, run.attempt) for run in other.runs] == [(0, 2)]
            await asyncio.to_thread(client.finish_run, sweep_id, 0, 2, Succeeded(objective=7.0))

            process.send_signal(signal.SIGCONT)
            _, err = await asyncio.wait_for(process.communicate(), 30)
            assert "run 0 is no longer this agent's" in err.decode()
            (run,) = await runs_of(client, sweep_id)
            assert (run.state, run.attempt, run.objective) == (RunState.FINISHED, 2, 7.0)


async def test_a_result_after_the_lease_counts_unless_another_agent_has_the_run(
    database_url: str, environment: dict[str, str]
) -> None:
    async with (
        registry_server(database_url, lease=timedelta(seconds=1.5)) as registry,
        suggestion_server(registry) as suggestion,
    ):
        with Client(registry, suggestion) as client:
            sweep_id = await new_sweep(client, run_cap=1)
            here = environment | {"WANLLMDB_REGISTRY": registry, "WANLLMDB_SUGGESTION": suggestion}
            process = await start(DONE_AFTER_ITS_LEASE, sweep_id, environment=here)
            await reaches(process, b"about to return")
            process.send_signal(signal.SIGSTOP)
            await asyncio.wait_for(until_given_up(client, sweep_id), 30)
            process.send_signal(signal.SIGCONT)

            _, err = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0, err.decode()
            (run,) = await runs_of(client, sweep_id)
            assert (run.state, run.attempt, run.objective) == (RunState.FINISHED, 1, 0.5)


@asynccontextmanager
async def suggestion_process(registry: str, port: int) -> AsyncIterator[str]:
    """A suggestion service as a process, killed without warning at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "wanllmdb_suggestion", "--registry", registry, "--port", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        ready = await asyncio.wait_for(process.stdout.readline(), 60)
        yield ready.decode().split()[-1]
    finally:
        process.kill()
        await process.wait()


async def test_an_agent_goes_on_when_the_suggestion_service_was_killed(
    client: Client, environment: dict[str, str], registry_address: str
) -> None:
    sweep_id = await new_sweep(client, run_cap=20)

    async with suggestion_process(registry_address, free_port()) as suggestion:
        here = environment | {"WANLLMDB_SUGGESTION": suggestion}
        agent = await start(SLOW_AGENT, sweep_id, "4", environment=here)
        await reaches(agent, b"step 1")
    async with suggestion_process(registry_address, int(suggestion.rpartition(":")[2])):
        _, err = await asyncio.wait_for(agent.communicate(), 60)

    assert agent.returncode == 0, err.decode()
    runs = await runs_of(client, sweep_id)
    assert [run.number for run in runs] == list(range(20))
    assert {(run.state, run.attempt) for run in runs} == {(RunState.FINISHED, 1)}

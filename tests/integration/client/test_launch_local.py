"""`wanllmdb launch --on local`: agents as processes of this host, and `wanllmdb launches`."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.command_agents import plain_sweep
from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import Script
from tests.integration.client.launched_programs import ENDLESS, TOGETHER
from tests.integration.client.programs import (
    WANLLMDB,
    end_of,
    is_alive,
    reports,
    runs_of,
    started,
    until,
    until_gone,
)
from wanllmdb import Client

# Names a file after its process; then runs until there is a file `allowed`.
UNTIL_ALLOWED = """
import os, sys, time
from pathlib import Path
Path(sys.argv[1], str(os.getpid())).touch()
while not Path(sys.argv[1], "allowed").exists():
    time.sleep(0.05)
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which launches of this test are recorded."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder of the files that programs write."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(environment: dict[str, str], state: Path) -> dict[str, str]:
    return {**environment, "XDG_STATE_HOME": str(state)}


@asynccontextmanager
async def launched(
    sweep_id: str, *arguments: str, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (*WANLLMDB, "launch", sweep_id, "--on", "local", *arguments)
    async with started(*command, environment=environment) as process:
        yield process


async def two_running(client: Client, sweep_id: str, marks: Path) -> list[int]:
    """Wait until two programs run; return their process ids."""
    await until(client, sweep_id, "running", "running")
    await asyncio.to_thread(wait_until, lambda: len(names_in(marks)) == 2)
    return [int(name) for name in names_in(marks)]


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def texts_in(folder: Path) -> list[str]:
    return sorted(file.read_text() for file in folder.iterdir())


async def test_each_agent_has_gpus_of_its_own_and_ends_with_the_sweep(
    client: Client, cli: CommandLine, script: Script, marks: Path, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client, run_cap=3)
    async with launched(
        sweep_id,
        *("--agents", "2", "--gpus-per-agent", "2", "--json"),
        *("--", "python", script(TOGETHER), str(marks), "${args_json}"),
        environment={**environment, "CUDA_VISIBLE_DEVICES": "3,5,6,7"},
    ) as process:
        out, err = await end_of(process)

    assert process.returncode == 0, err
    assert json.loads(out)["agents"] == 2
    assert texts_in(marks) == ["3,5", "6,7"]
    await until(client, sweep_id, "finished", "finished", "finished")
    assert await cli.json("launches", "ls", "--on", "local") == []


async def test_no_more_agents_start_than_the_sweep_has_runs(
    client: Client, environment: dict[str, str]
) -> None:
    capped = await plain_sweep(client, run_cap=1)
    grid = await plain_sweep(client, method="grid")
    for sweep_id, runs in ((capped, "1 run"), (grid, "2 runs")):
        async with launched(
            sweep_id, "--agents", "5", "--", "true", environment=environment
        ) as process:
            _, err = await end_of(process)
        assert process.returncode == 0, err
        assert f"note: sweep {sweep_id} has {runs} left, so 5 agents are too many" in err
        assert all(run.state == "finished" for run in await runs_of(client, sweep_id))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_gives_the_runs_back(
    client: Client, script: Script, marks: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks))
    async with launched(sweep_id, "--agents", "2", *command, environment=environment) as process:
        programs = await two_running(client, sweep_id, marks)
        process.send_signal(number)
        await end_of(process)

    assert process.returncode == 128 + signal.SIGTERM
    assert not any(map(is_alive, programs))
    await until(client, sweep_id, "queued", "queued")


async def test_ctrl_c_once_lets_the_runs_end_and_takes_no_more(
    client: Client, script: Script, marks: Path, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(UNTIL_ALLOWED), str(marks))
    async with launched(sweep_id, "--agents", "2", *command, environment=environment) as process:
        await two_running(client, sweep_id, marks)
        process.send_signal(signal.SIGINT)
        for _ in range(2):
            await reports(process, "interrupted: waiting for run")
        (marks / "allowed").touch()
        await end_of(process)

    assert process.returncode == 128 + signal.SIGINT
    await until(client, sweep_id, "finished", "finished")


async def test_a_launch_is_listed_and_stopped_from_another_terminal(
    client: Client, cli: CommandLine, script: Script, marks: Path, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks))
    async with launched(sweep_id, "--agents", "2", *command, environment=environment) as process:
        await two_running(client, sweep_id, marks)
        (listed,) = await cli.json("launches", "ls", "--on", "local")
        assert (listed["sweep_id"], listed["running"]) == (sweep_id, 2)
        assert sweep_id in (await cli("launches", "ls")).out
        said = await cli("launches", "stop", listed["launch"])
        await end_of(process)

    assert "give their runs back" in said.out
    await until(client, sweep_id, "queued", "queued")
    assert "No launches" in (await cli("launches", "ls", "--on", "local")).out
    refused = await cli("launches", "stop", listed["launch"], code=1)
    assert "runs on this host" in refused.err


async def test_an_agent_that_was_killed_is_started_again_and_resumes_its_run(
    client: Client, script: Script, marks: Path, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks))
    async with launched(sweep_id, "--agents", "2", *command, environment=environment) as process:
        programs = await two_running(client, sweep_id, marks)
        agent = psutil.Process(process.pid).children()[0]
        agent.kill()
        await asyncio.to_thread(wait_until, lambda: len(names_in(marks)) == 3)
        runs = await runs_of(client, sweep_id)
        assert [(run.state, run.attempt) for run in runs] == [("running", 1)] * 2
        process.terminate()
        _, err = await end_of(process)

    assert "was ended by SIGKILL: starting it again" in err
    await until_gone(*programs)


async def test_agents_of_a_killed_launcher_are_still_listed_and_stopped(
    client: Client, cli: CommandLine, script: Script, marks: Path, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks))
    async with launched(sweep_id, "--agents", "2", *command, environment=environment) as process:
        programs = await two_running(client, sweep_id, marks)
        process.kill()
        # `wait` would also wait for the agents, which have the launcher's output.
        await until_gone(process.pid)
        (listed,) = await cli.json("launches", "ls", "--on", "local")
        assert listed["running"] == 2
        await cli("launches", "stop", listed["launch"])
        await until(client, sweep_id, "queued", "queued")
        await until_gone(*programs)


async def test_gpus_that_are_not_there(
    client: Client, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await plain_sweep(client)
    asked = ("launch", sweep_id, "--on", "local", "--agents", "2", "--gpus-per-agent", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    said = await cli(*asked, "--", "true", code=1)
    assert "--agents 2 with --gpus-per-agent 2 need 4 GPUs" in said.err
    assert "this host has 3 GPUs (0, 1, 2): at most 1 at a time fit" in said.err
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "this host has none" in (await cli(*asked, "--", "true", code=1)).err


async def test_what_can_not_be_launched(client: Client, cli: CommandLine) -> None:
    async def refused(sweep_id: str, *arguments: str, code: int = 1) -> str:
        err = (await cli("launch", sweep_id, "--on", "local", *arguments, code=code)).err
        return " ".join(err.replace("│", " ").split())

    sweep_id = await plain_sweep(client, run_cap=1)
    assert "names no program" in await refused(sweep_id, code=2)
    assert "was not found on PATH" in await refused(sweep_id, "--", "no-such-program", code=2)
    wrong = await refused(sweep_id, "--cpus-per-agent", "2", "--", "true", code=2)
    assert "--cpus-per-agent has an effect with --on slurm" in wrong
    unset = await refused(sweep_id, "--env", "NO_SUCH_VARIABLE", "--", "true", code=2)
    assert "--env NO_SUCH_VARIABLE: give NAME=VALUE" in unset
    suggestion = await asyncio.to_thread(client.suggest, sweep_id, agent_id="other")
    assert "other agents work on its last 1 run" in await refused(sweep_id, "--", "true")
    (run,) = suggestion.runs
    await asyncio.to_thread(client.finish_run, sweep_id, run.number, run.attempt)
    assert f"sweep {sweep_id} is finished" in await refused(sweep_id, "--", "true")


async def test_a_dry_run_prints_the_agents_and_starts_none(
    client: Client, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await plain_sweep(client)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    arguments: list[Any] = ["launch", sweep_id, "--on", "local", "--agents", "2", "--dry-run"]
    arguments += ["--gpus-per-agent", "1", "--env", "EPOCHS=3"]
    command = ["--", "python", "-c", "print('a b')"]
    first, second = (await cli(*arguments, *command)).out.splitlines()
    assert first.startswith("EPOCHS=3 WANLLMDB_AGENT_ID=wanllmdb-")
    assert f"-0 WANLLMDB_RESUME=1 CUDA_VISIBLE_DEVICES=4 wanllmdb agent {sweep_id} " in first
    assert "CUDA_VISIBLE_DEVICES=5" in second
    assert second.endswith("""-- python -c 'print('"'"'a b'"'"')'""")
    assert await runs_of(client, sweep_id) == []

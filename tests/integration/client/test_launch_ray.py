"""`wanllmdb launch --on ray` on a real Ray of one node."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.command_agents import plain_sweep
from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import Script
from tests.integration.client.launched_programs import ENDLESS, TOGETHER
from tests.integration.client.programs import WANLLMDB, end_of, runs_of, started, until
from tests.ray_cluster import why_not
from wanllmdb import Client

if why_not():
    pytest.skip(f"no Ray: {why_not()}", allow_module_level=True)

import ray

from wanllmdb.cli.launching.ray_actors import RayEngine
from wanllmdb.cli.launching.request import LaunchError, LaunchRequest, new_name

SECONDS = 120.0


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder of the files that programs write."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def here(
    cli: CommandLine, ray_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """The command line in a process that is connected to the cluster."""
    monkeypatch.chdir(tmp_path)
    return cli


def texts_in(folder: Path) -> list[str]:
    return sorted(file.read_text() for file in folder.iterdir())


async def until_begun(marks: Path, count: int) -> None:
    """Wait until this many programs have begun."""
    await asyncio.to_thread(wait_until, lambda: len(texts_in(marks)) == count, seconds=SECONDS)


def process_of_agent(sweep_id: str) -> psutil.Process:
    """Return the process of a sweep's agent, which its actor has started."""
    (agent,) = [
        process
        for process in psutil.process_iter(["cmdline"])
        if ["agent", sweep_id] == (process.info["cmdline"] or [])[3:5]
    ]
    return agent


async def until_no_launch(cli: CommandLine) -> None:
    """Wait until every agent has ended, and its actor with it."""
    async with asyncio.timeout(SECONDS):
        while True:
            if not await cli.json("launches", "ls", "--on", "ray"):
                return
            await asyncio.sleep(0.2)


@pytest.mark.timeout(600)
async def test_agents_with_a_gpu_each_outlive_the_launch_and_end_with_the_sweep(
    here: CommandLine,
    client: Client,
    ray_address: str,
    environment: dict[str, str],
    script: Script,
    marks: Path,
) -> None:
    sweep_id = await plain_sweep(client, run_cap=3)
    command = (
        *(*WANLLMDB, "launch", sweep_id, "--on", "ray", "--agents", "2", "--gpus-per-agent", "1"),
        *("--cpus-per-agent", "0.5", "--memory-per-agent", "64Mi"),
        *("--", "python", script(TOGETHER), str(marks), "${args_json}"),
    )
    async with started(
        *command, environment={**environment, "RAY_ADDRESS": ray_address}
    ) as process:
        out, err = await end_of(process)
    assert process.returncode == 0, err
    assert "2 agents. Stop: wanllmdb launches stop ray/wanllmdb-" in out

    await until(client, sweep_id, "finished", "finished", "finished", seconds=SECONDS)
    await until_no_launch(here)
    assert texts_in(marks) == ["0", "1"]


@pytest.mark.timeout(600)
async def test_a_stopped_launch_gives_its_runs_back(
    here: CommandLine, client: Client, script: Script, marks: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks), "${args_json}")
    asked = ("--on", "ray", "--agents", "2", "--cpus-per-agent", "1")
    launched = await here.json("launch", sweep_id, *asked, "--json", *command)
    await until(client, sweep_id, "running", "running", seconds=SECONDS)
    (listed,) = await here.json("launches", "ls", "--on", "ray")
    await here("launches", "stop", listed["launch"])
    await until_no_launch(here)

    assert listed["launch"] == launched["launch"]
    assert (listed["sweep_id"], listed["running"], listed["waiting"]) == (sweep_id, 2, 0)
    runs = await runs_of(client, sweep_id)
    assert [str(run.state) for run in runs] == ["queued"] * 2
    assert [run.error and run.error.message for run in runs] == ["SIGTERM stopped the agent"] * 2
    assert "has no launch" in (await here("launches", "stop", listed["launch"], code=1)).err


@pytest.mark.timeout(600)
async def test_an_agent_gives_its_run_back_when_ray_ends_its_actor(
    here: CommandLine, client: Client, script: Script, marks: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks), "${args_json}")
    launched = await here.json("launch", sweep_id, "--on", "ray", "--json", *command)
    await until(client, sweep_id, "running", seconds=SECONDS)
    name = launched["launch"].removeprefix("ray/")
    await asyncio.to_thread(lambda: ray.kill(ray.get_actor(f"{name}-0", namespace="wanllmdb")))
    await until(client, sweep_id, "queued", seconds=SECONDS)

    (run,) = await runs_of(client, sweep_id)
    assert run.error is not None
    assert run.error.message == "SIGTERM stopped the agent"
    await until_no_launch(here)


@pytest.mark.timeout(600)
async def test_a_killed_agent_and_a_killed_actor_are_started_again(
    here: CommandLine, client: Client, script: Script, marks: Path
) -> None:
    sweep_id = await plain_sweep(client, run_cap=1)
    command = ("--", "python", script(ENDLESS), str(marks), "${args_json}")
    launched = await here.json("launch", sweep_id, "--on", "ray", "--json", *command)
    await until_begun(marks, 1)
    (first,) = await runs_of(client, sweep_id)
    process_of_agent(sweep_id).kill()
    await until_begun(marks, 2)
    (resumed,) = await runs_of(client, sweep_id)
    actor = process_of_agent(sweep_id).parent()
    assert actor is not None
    actor.kill()
    await until_begun(marks, 3)
    await until(client, sweep_id, "running", seconds=SECONDS)
    (last,) = await runs_of(client, sweep_id)
    await here("launches", "stop", launched["launch"])
    await until(client, sweep_id, "queued", seconds=SECONDS)
    await until_no_launch(here)

    assert (first.attempt, resumed.attempt) == (1, 1)
    assert first.agent_id == resumed.agent_id == last.agent_id


@pytest.mark.timeout(600)
async def test_agents_that_wait_for_a_node_are_listed_and_stopped(
    here: CommandLine, client: Client, ray_address: str, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    command = (*WANLLMDB, "launch", sweep_id, "--on", "ray", "--gpus-per-agent", "9", "--", "true")
    environment = {**environment, "RAY_ADDRESS": ray_address}
    async with started(*command, environment=environment) as process:
        _, err = await end_of(process)
    assert process.returncode == 0, err
    assert "no node has what an agent asks for" in err

    (listed,) = await here.json("launches", "ls", "--on", "ray")
    assert (listed["running"], listed["waiting"]) == (0, 1)
    await here("launches", "stop", listed["launch"])
    await until_no_launch(here)


@pytest.mark.timeout(600)
async def test_a_folder_that_no_node_has_is_an_error(here: CommandLine, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    engine = RayEngine(begin_seconds=SECONDS)
    with pytest.raises(LaunchError, match=f"no folder {gone}.*nodes need this folder"):
        await asyncio.to_thread(engine.submit, LaunchRequest("sweep", 1), new_name("sweep"), gone)
    await until_no_launch(here)

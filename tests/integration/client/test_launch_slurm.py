"""`wanllmdb launch --on slurm` on a real Slurm of one node."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.command_agents import plain_sweep
from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import Script, config
from tests.integration.client.launched_programs import ENDLESS, TOGETHER
from tests.integration.client.programs import runs_of, until
from tests.slurm_cluster import CPUS, URGENT, slurm_cluster, why_not
from wanllmdb import Client

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no Slurm cluster: {why_not()}")

# Reports a loss; its first process then runs until it is stopped.
STOPPED_ONCE = """
import signal, sys
from pathlib import Path
import wanllmdb
with wanllmdb.init() as run:
    run.log({"loss": float(run.number)})
    try:
        Path(sys.argv[1], "begun").touch(exist_ok=False)
    except FileExistsError:
        sys.exit()
    while True:
        signal.pause()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The variables of a cluster; sockets need a short path that root's daemons may enter."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as name:
        Path(name).chmod(0o755)
        with slurm_cluster(Path(name)) as variables:
            yield variables


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder of the files that programs write."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def slurm(
    cli: CommandLine,
    cluster: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> CommandLine:
    """The command line on a host of the cluster, in a folder for the output of tasks."""
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, cluster[name])
    monkeypatch.chdir(tmp_path)
    return cli


def queue() -> list[str]:
    """Return the states of the cluster's tasks."""
    asked = ["squeue", "-h", "-r", "-o", "%T"]
    return subprocess.run(
        asked, capture_output=True, text=True, timeout=30, check=True
    ).stdout.split()


def commands(*lines: list[str]) -> None:
    """Run commands of Slurm's, which must succeed."""
    for line in lines:
        subprocess.run(line, timeout=120, check=True, capture_output=True)


async def until_started_again(job_id: str) -> None:
    """Have Slurm start a task that was queued again now, and not after two minutes.

    Slurm completes the requeue when all steps of the task have ended, which may come after a
    request to start now. So the request is repeated until the task starts.
    """

    def is_started() -> bool:
        if "PENDING" not in queue():
            return True
        asked = ["scontrol", "update", f"JobId={job_id}", "StartTime=now"]
        # Slurm refuses this for a task that starts at this moment.
        subprocess.run(asked, timeout=30, check=False, capture_output=True)
        return False

    await asyncio.to_thread(wait_until, is_started, seconds=120)


async def until_queue_is_empty(folder: Path) -> str:
    """Wait until all tasks have ended; return what they printed."""
    await asyncio.to_thread(wait_until, lambda: not queue())
    return "\n".join(texts_in(folder, "slurm-*.out"))


def texts_in(folder: Path, pattern: str = "*") -> list[str]:
    return [file.read_text() for file in sorted(folder.glob(pattern))]


async def test_an_array_of_agents_with_a_gpu_each_ends_with_the_sweep(
    slurm: CommandLine, client: Client, script: Script, marks: Path, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client, run_cap=3)
    asked = ("--on", "slurm", "--agents", "2", "--gpus-per-agent", "1", "--cpus-per-agent", "2")
    command = ("python", script(TOGETHER), str(marks), "${args_json}")
    launched = await slurm.json("launch", sweep_id, *asked, "--json", "--", *command)
    said = await until_queue_is_empty(tmp_path)

    assert launched["agents"] == 2
    assert [str(run.state) for run in await runs_of(client, sweep_id)] == ["finished"] * 3, said
    assert sorted(texts_in(marks)) == ["0", "1"]
    assert await slurm.json("launches", "ls", "--on", "slurm") == []


async def test_a_stopped_launch_gives_its_runs_back(
    slurm: CommandLine, client: Client, script: Script, marks: Path, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks), "${args_json}")
    said = (await slurm("launch", sweep_id, "--on", "slurm", "--agents", "2", *command)).out
    await until(client, sweep_id, "running", "running")
    (listed,) = await slurm.json("launches", "ls", "--on", "slurm")
    assert (listed["sweep_id"], listed["running"], listed["waiting"]) == (sweep_id, 2, 0)
    assert listed["launch"] in said
    await slurm("launches", "stop", listed["launch"])
    printed = await until_queue_is_empty(tmp_path)

    # The signal reached the programs too, and yet their runs did not fail.
    runs = await runs_of(client, sweep_id)
    assert [run.error and run.error.message for run in runs] == ["SIGTERM stopped the agent"] * 2, (
        printed
    )
    assert [str(run.state) for run in runs] == ["queued"] * 2
    assert "no launch" in (await slurm("launches", "stop", listed["launch"], code=1)).err


async def test_a_task_near_its_time_limit_gives_its_run_back_and_goes_on_later(
    slurm: CommandLine, client: Client, script: Script, marks: Path, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDLESS), str(marks), "${args_json}")
    launched = await slurm.json("launch", sweep_id, "--on", "slurm", "--json", *command)
    await until(client, sweep_id, "running")
    (before,) = await runs_of(client, sweep_id)
    job_id = launched["launch"].removeprefix("slurm/")
    # Slurm itself sends this signal before the limit: see --signal in the script.
    await asyncio.to_thread(commands, ["scancel", "--batch", "--signal=USR1", job_id])
    await until(client, sweep_id, "queued")
    await asyncio.to_thread(wait_until, lambda: queue() == ["PENDING"])
    (listed,) = await slurm.json("launches", "ls", "--on", "slurm")
    assert (listed["launch"], listed["running"], listed["waiting"]) == (launched["launch"], 0, 1)
    await until_started_again(job_id)
    await until(client, sweep_id, "running", seconds=120)
    (after,) = await runs_of(client, sweep_id)
    await slurm("launches", "stop", launched["launch"])
    said = await until_queue_is_empty(tmp_path)

    assert "this task is queued again" in said
    assert before.agent_id
    assert after.agent_id == before.agent_id, said


def requeue(job_id: str) -> None:
    """Queue a job again, as an administrator does."""
    commands(["scontrol", "requeue", job_id])


def preempt(job_id: str) -> None:
    """Have a job with a higher priority take the whole node, and end when its turn has come."""
    urgent = ["sbatch", f"--partition={URGENT}", f"--cpus-per-task={CPUS}", "--wait"]
    commands([*urgent, "--output=urgent.out", "--wrap=true"])


@pytest.mark.parametrize("interrupt", [requeue, preempt])
async def test_a_task_that_slurm_queues_again_gives_its_run_back_and_resumes(
    interrupt: Callable[[str], None],
    slurm: CommandLine,
    client: Client,
    script: Script,
    marks: Path,
    tmp_path: Path,
) -> None:
    created = await asyncio.to_thread(client.create_sweep, config(run_cap=3))
    sweep_id = created.sweep.sweep_id
    command = ("--", sys.executable, script(STOPPED_ONCE), str(marks), "${args_json}")
    launched = await slurm.json("launch", sweep_id, "--on", "slurm", "--json", *command)
    await asyncio.to_thread(wait_until, (marks / "begun").exists)
    (before,) = await runs_of(client, sweep_id)
    job_id = launched["launch"].removeprefix("slurm/")
    await asyncio.to_thread(interrupt, job_id)
    await until(client, sweep_id, "queued")
    (given_back,) = await runs_of(client, sweep_id)
    await asyncio.to_thread(wait_until, lambda: queue() == ["PENDING"])
    await until_started_again(job_id)
    await until(client, sweep_id, *["finished"] * 3, seconds=120)
    said = await until_queue_is_empty(tmp_path)

    # The signal gave the run back. Its lease did not run out, and it did not fail.
    assert given_back.error is not None
    assert given_back.error.message == "SIGTERM stopped the agent", said
    runs = await runs_of(client, sweep_id)
    assert [run.objective for run in runs] == [0.0, 1.0, 2.0], said
    assert {run.agent_id for run in runs} == {before.agent_id}
    assert [run.attempt for run in runs] == [before.attempt + 1, 1, 1]
    assert await slurm.json("launches", "ls", "--on", "slurm") == []


async def test_what_slurm_refuses_is_explained(
    slurm: CommandLine, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await plain_sweep(client)
    asked = ("launch", sweep_id, "--on", "slurm")
    said = (await slurm(*asked, "--gpus-per-agent", "9", "--", "true", code=1)).err
    assert "no node has what an agent asks for (--gpus-per-agent 9)" in said
    said = (await slurm(*asked, "--sbatch=--partition=none", "--", "true", code=1)).err
    assert "invalid partition specified: none" in said
    # Slurm's commands wait a minute for a file that is absent.
    (tmp_path / "empty").touch()
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "empty"))
    said = (await slurm("launches", "ls", "--on", "slurm", code=1)).err
    assert "no cluster is configured: launch on a host of the cluster" in said
    monkeypatch.setenv("PATH", str(tmp_path))
    said = (await slurm("launches", "ls", "--on", "slurm", code=1)).err
    assert "squeue is not on PATH" in said

"""Command agents on hosts of a cluster: GPUs, and signals to all processes of a job."""

from __future__ import annotations

from pathlib import Path

from tests.integration.client.command_agents import plain_sweep, work
from tests.integration.client.conftest import Script
from tests.integration.client.programs import runs_of
from wanllmdb import Client

# Names a file after its slot with its GPUs in it; runs until the other slot's program has begun.
TOGETHER = """
import os, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
(folder / os.environ["WANLLMDB_SLOT"]).write_text(os.environ["CUDA_VISIBLE_DEVICES"])
while len(list(folder.iterdir())) < 2:
    time.sleep(0.05)
"""
# Ends by SIGTERM. Another session's process then sends SIGTERM to the agent.
ENDS_FIRST = """
import os, signal, subprocess
waits = 'while kill -0 "$0" 2>/dev/null; do sleep 0.01; done; kill -TERM "$1"'
subprocess.Popen(
    ["sh", "-c", waits, str(os.getpid()), str(os.getppid())],
    start_new_session=True,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
os.kill(os.getpid(), signal.SIGTERM)
"""


async def test_each_slot_has_gpus_of_its_own(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    sweep_id = await plain_sweep(client, run_cap=3)
    asked = ("--parallel", "2", "--gpus-per-run", "2")
    command = ("--", "python", script(TOGETHER), str(marks), "${args_json}")
    environment["CUDA_VISIBLE_DEVICES"] = "1,3,5,7"
    code, _, err = await work(sweep_id, *asked, *command, environment=environment)

    assert code == 0, err
    assert [str(run.state) for run in await runs_of(client, sweep_id)] == ["finished"] * 3, err
    assert {name: (marks / name).read_text() for name in "01"} == {"0": "1,3", "1": "5,7"}


async def test_gpus_that_the_host_lacks(client: Client, environment: dict[str, str]) -> None:
    sweep_id = await plain_sweep(client)
    environment["CUDA_VISIBLE_DEVICES"] = "0"
    asked = ("--parallel", "2", "--gpus-per-run", "1", "--", "true")
    code, _, err = await work(sweep_id, *asked, environment=environment)
    assert code == 1
    assert "--parallel 2 with --gpus-per-run 1 need 2 GPUs, but this host has 1 GPU (0)" in err
    assert await runs_of(client, sweep_id) == []


async def test_a_program_that_gets_the_signal_before_its_agent_does_not_fail_its_run(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--", "python", script(ENDS_FIRST), "${args_json}")
    code, _, err = await work(sweep_id, *command, environment=environment)

    assert code == 143, err
    (run,) = await runs_of(client, sweep_id)
    assert str(run.state) == "queued", err

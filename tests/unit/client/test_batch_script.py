"""The batch script of an array job."""

from __future__ import annotations

import subprocess
from typing import Any

from wanllmdb.cli.launching.request import LaunchRequest
from wanllmdb.cli.launching.slurm import batch_script

KEY = "wsk_abc_secret"


def script(*options: str, **more: Any) -> list[str]:
    request = LaunchRequest("abcdefghij12", 3, **more)
    text = batch_script(request, "wanllmdb-abcdefghij12-1a2b3c", options)
    # The shell itself says whether it can read the script.
    subprocess.run(["bash", "-n"], input=text, text=True, timeout=30, check=True)
    return text.splitlines()


def test_what_an_agent_asks_for() -> None:
    lines = script("--partition=gpu", gpus=2, cpus="4", memory="16G", kill_delay=40.0)
    for option in (
        *("--job-name=wanllmdb-abcdefghij12-1a2b3c", "--array=0-2", "--requeue"),
        *("--gres=gpu:2", "--cpus-per-task=4", "--mem=16G", "--partition=gpu"),
        # Time to end the program, and the minute by which Slurm may be late.
        "--signal=B:USR1@100",
    ):
        assert f"#SBATCH {option}" in lines
    assert not [line for line in script() if "gres" in line or "cpus" in line or "mem=" in line]


def test_the_script_has_the_addresses_and_not_the_key() -> None:
    settings = {
        "WANLLMDB_REGISTRY": "head:50051",
        "WANLLMDB_API_KEY": KEY,
        "WANLLMDB_API_KEY_FILE": "",
    }
    lines = script(settings=settings, variables={"NAME": "it's"})
    assert "export WANLLMDB_REGISTRY=head:50051" in lines
    assert "export NAME='it'\"'\"'s'" in lines
    assert not [line for line in lines if KEY in line or "API_KEY" in line]
    # It comes with the environment of sbatch.
    assert "#SBATCH --export=ALL" in lines


def test_a_task_keeps_the_name_of_its_agent() -> None:
    lines = script()
    task = "$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID"
    assert f"export WANLLMDB_AGENT_ID=wanllmdb-abcdefghij12-1a2b3c-{task}" in lines
    assert "export WANLLMDB_RESUME=1" in lines


def test_the_command_is_quoted() -> None:
    lines = script(command=("python", "train it.py", "${args}"))
    (started,) = [line for line in lines if line.endswith(" &")]
    assert started.endswith("-- python 'train it.py' '${args}' &")

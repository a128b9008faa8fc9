"""The end of a program is on disk before its agent does anything else."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.e2e.up_process import wait_until
from tests.integration.client.programs import (
    WANLLMDB,
    end_of,
    is_alive,
    new_sweep,
    reaches,
    runs_of,
    started,
)
from wanllmdb import Client, RunState

LEAVES_ONE_BEHIND = """
import subprocess, sys
import wanllmdb as wandb
wandb.init()
wandb.log({"loss": 0.5})
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); "
left = subprocess.Popen([sys.executable, "-c", deaf + "time.sleep(600)"], stdout=subprocess.PIPE)
left.stdout.readline()
open("left", "w").write(str(left.pid))
print("done", flush=True)
"""


async def test_an_agent_that_is_killed_while_it_ends_what_a_program_left_loses_no_result(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client)
    (tmp_path / "train.py").write_text(LEAVES_ONE_BEHIND)
    spool = Path(os.environ["WANLLMDB_SPOOL_DIR"])
    agent_of = f"{' '.join(WANLLMDB)} agent {sweep_id} --count 1"
    shell = f"cd {tmp_path} && exec {agent_of} -- {sys.executable} train.py"

    async with started("sh", "-c", shell, environment=environment) as agent:
        await reaches(agent, "done")
        left = int((tmp_path / "left").read_text())
        await asyncio.to_thread(
            wait_until, lambda: any(spool.glob("*.end.json")) or not is_alive(left)
        )
        assert is_alive(left)
        agent.kill()
        await agent.wait()
    async with started(*WANLLMDB, "spool", "send", environment=environment) as send:
        await end_of(send)

    assert send.returncode == 0
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.objective) == (RunState.FINISHED, 0.5)
    assert await asyncio.to_thread(lambda: list(spool.glob("*.json"))) == []

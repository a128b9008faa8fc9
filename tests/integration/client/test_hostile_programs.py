"""Programs of a command agent that raise, fork and set state, which must not break a run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, runs_of, started
from wanllmdb import Client, RunState
from wanllmdb._spool import Spool

SECONDS = 60.0

PROGRAM = """
import os, multiprocessing, signal, sys, threading
import wanllmdb as wandb
run = wandb.init()
wandb.log({"loss": 1.0})
run._reporter.flush()
"""

FINISHED = {
    "a fork that ends by itself": "if os.fork() == 0: sys.exit(3)\nos.wait()",
    "a fork that raises": "if os.fork() == 0: raise ValueError\nos.wait()",
    "a fork that logs": "if os.fork() == 0: wandb.log({'loss': 0.0})\nos.wait()",
    "a fork that takes the run up": "if os.fork() == 0: wandb.init(); sys.exit(0)\nos.wait()",
    "a fork in a thread": "def forks():\n    if os.fork() == 0: return\n    os.wait()\n"
    "t = threading.Thread(target=forks); t.start(); t.join()",
    "a pool": "with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(abs, [1])",
    "an odd config": "c = {}; c['c'] = c; run.config.c = c; run.config['\\ud800'] = '\\ud800'",
    "a large config": "run.config.update({f'k{i}': 'x' * 1_000 for i in range(2_000)})",
    "many names": "wandb.log({f'm{i}': 1.0 for i in range(12_000)})",
    "an odd log": "d = {}; d['d'] = d; wandb.log({'d': d, 'x' * 300: 1, '': 2}, step=2**63)",
    "closed streams": "sys.stdout.close(); sys.stderr.close()",
    "its own exit": "sys.exit(0)",
}

FAILED = {
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "an own BaseException": "class Own(BaseException): pass\nraise Own('\\ud800')",
    "an odd exit code": "sys.exit('\\ud800\\0')",
    "a signal": "os.kill(os.getpid(), signal.SIGSEGV)",
}


async def state_after(
    client: Client, environment: dict[str, str], spool: Path, body: str
) -> tuple[RunState, float | None]:
    sweep_id = await new_sweep(client, run_cap=1)
    command = (*WANLLMDB, "agent", sweep_id, "--never-give-up", "--plain", "--")
    here = environment | {"WANLLMDB_SPOOL_DIR": str(spool)}
    program = (sys.executable, "-c", PROGRAM + body)
    async with started(*command, *program, environment=here) as process:
        _, err = await end_of(process, SECONDS)
    assert process.returncode == 0, err
    assert Spool(spool).paths() == []
    (run,) = await runs_of(client, sweep_id)
    return run.state, run.objective


@pytest.mark.parametrize("body", FINISHED.values(), ids=FINISHED)
async def test_what_a_program_does_beside_its_work_breaks_no_run(
    client: Client, environment: dict[str, str], tmp_path: Path, body: str
) -> None:
    found = await state_after(client, environment, tmp_path / "spool", body)

    assert found == (RunState.FINISHED, 1.0)


@pytest.mark.parametrize("body", FAILED.values(), ids=FAILED)
async def test_whatever_ends_a_program_fails_its_run_and_the_agent_goes_on(
    client: Client, environment: dict[str, str], tmp_path: Path, body: str
) -> None:
    found = await state_after(client, environment, tmp_path / "spool", body)

    assert found == (RunState.FAILED, None)

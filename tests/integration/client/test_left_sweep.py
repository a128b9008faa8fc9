"""Cross-validation whose workers remove W&B's variables from their environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, runs_of, started
from wanllmdb import Client, RunState

FOLDS = """
import multiprocessing
import os
import sys

import wanllmdb as wandb

def reset_wandb_env():
    for name in list(os.environ):
        if name.startswith("WANDB_") and name not in ("WANDB_PROJECT", "WANDB_API_KEY"):
            del os.environ[name]

def fold(results, work):
    reset_wandb_env()
    number, group, config = work.get()
    run = wandb.init(group=group, job_type="fold", name=f"fold-{number}", config=config)
    assert run.sweep_id is None
    for epoch in range(3):
        wandb.log({"loss": 100.0 + epoch + wandb.config.x})
    wandb.join()
    results.put(number)

def main():
    results, workers = multiprocessing.Queue(), []
    for number in range(2):
        work = multiprocessing.Queue()
        process = multiprocessing.Process(target=fold, args=(results, work))
        process.start()
        workers.append((process, work))
    run = wandb.init()
    run.notes = run.get_sweep_url() or ""
    run.save()
    for number, (process, work) in enumerate(workers):
        work.put((number, run.sweep_id, dict(run.config)))
        assert results.get(timeout=60) == number
        process.join()
        assert process.exitcode == 0
    run.log({"loss": run.config.x})
    wandb.join()

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    if len(sys.argv) > 2 and sys.argv[2] == "--agent":
        wandb.agent(sys.argv[3], main, count=1)
    else:
        main()
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("kind", ["function", "command"])
async def test_workers_that_left_the_sweep_report_nothing_of_its_run(
    client: Client, environment: dict[str, str], tmp_path: Path, method: str, kind: str
) -> None:
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("there are no forks here")
    sweep_id = await new_sweep(client)
    (tmp_path / "train.py").write_text(FOLDS)
    program = (sys.executable, str(tmp_path / "train.py"), method)
    agent = (*WANLLMDB, "agent", sweep_id, "--count", "1", "--", *program)
    command = (*program, "--agent", sweep_id) if kind == "function" else agent

    async with started(*command, environment=environment) as process:
        _, err = await end_of(process)

    assert process.returncode == 0, err
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.last_step) == (RunState.FINISHED, 0)
    assert run.objective == run.parameters["x"]
    assert f"is not part of sweep {sweep_id}" in err


async def test_a_process_without_the_variables_may_name_the_run_by_its_id(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client)
    program = tmp_path / "train.py"
    program.write_text(
        "import os\n"
        "import wanllmdb as wandb\n"
        "run_id = os.environ.pop('WANDB_RUN_ID')\n"
        "del os.environ['WANDB_SWEEP_ID']\n"
        "with wandb.init(name='fold') as run:\n"
        "    run.log({'loss': 100.0})\n"
        "run = wandb.init(id=run_id, resume='must')\n"
        "wandb.log({'loss': run.config.x})\n"
    )
    agent = (*WANLLMDB, "agent", sweep_id, "--count", "1", "--", sys.executable, str(program))

    async with started(*agent, environment=environment) as process:
        _, err = await end_of(process)

    assert process.returncode == 0, err
    (run,) = await runs_of(client, sweep_id)
    assert (run.objective, run.last_step) == (run.parameters["x"], 0)

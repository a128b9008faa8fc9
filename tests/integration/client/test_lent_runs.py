"""Programs and processes that report for a run whose lease another process holds."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import run_agent
from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, runs_of, started
from wanllmdb import Client, Run, RunState
from wanllmdb._agent import distributed

Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a program and returns its path."""

    def write(text: str) -> str:
        file = tmp_path / "program.py"
        file.write_text("import os, subprocess, sys\nimport wanllmdb as wandb\n" + text)
        return str(file)

    return write


async def run_of_program(
    client: Client, environment: dict[str, str], program: str, *, code: int = 0
) -> tuple[Run, str]:
    """The run of a command agent that runs a program once, and what was printed on stderr."""
    sweep_id = await new_sweep(client)
    command = (*WANLLMDB, "agent", sweep_id, "--count", "1", "--", sys.executable, program)
    async with started(*command, environment=environment) as process:
        _, err = await end_of(process)
    assert process.returncode == code, err
    (run,) = await runs_of(client, sweep_id)
    return run, err


async def steps_of(client: Client, run: Run, name: str) -> list[tuple[int, float]]:
    history = await asyncio.to_thread(client.get_metric_history, run.sweep_id, run.number)
    return [(point.step, point.value) for point in history[name].points]


FOLDS = """
for fold in range(3):
    wandb.init(reinit=True)
    for epoch in range(2):
        wandb.log({"loss": 10.0 * fold + epoch}, step=epoch)
    wandb.finish()
    assert wandb.run is None
wandb.init()
wandb.log({"loss": 2.0})
"""


@pytest.mark.parametrize(
    "end", ["", "wandb.finish()\n", "wandb.finish()\nwandb.finish()\nos._exit(0)\n"]
)
async def test_a_program_may_finish_its_run_and_begin_it_again(
    client: Client, environment: dict[str, str], script: Script, end: str
) -> None:
    run, _ = await run_of_program(client, environment, script(FOLDS + end))

    assert (run.state, run.objective) == (RunState.FINISHED, 2.0)
    assert [step for step, _ in await steps_of(client, run, "loss")] == list(range(7))


async def test_what_a_program_set_before_finish_outlives_an_end_without_a_word(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script(
        "wandb.init(config={'epochs': 3})\n"
        "wandb.log({'loss': 5.0})\n"
        "wandb.summary['loss'] = 1.0\n"
        "wandb.finish()\n"
        "os._exit(0)\n"
    )
    run, _ = await run_of_program(client, environment, program)

    assert (run.state, run.objective, run.config) == (RunState.FINISHED, 1.0, {"epochs": 3})
    assert await steps_of(client, run, "loss") == [(0, 5.0)]


async def test_a_program_that_finishes_with_an_exit_code_fails_unless_it_goes_on(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    fails = "wandb.init()\nwandb.log({'loss': 1.0})\nwandb.finish(exit_code=3)\n"
    run, _ = await run_of_program(client, environment, script(fails))

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "finish(exit_code=3)" in run.error.message

    run, _ = await run_of_program(client, environment, script(fails + "wandb.init()\n"))

    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)


async def test_a_program_whose_logging_comes_after_its_finish_fails(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script("wandb.init()\nwandb.log({'loss': 1.0})\nwandb.finish()\nwandb.log({})\n")
    run, _ = await run_of_program(client, environment, program)

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "takes no more metrics until init() opens it again" in run.error.traceback


RANKS = """
if "STARTED" not in os.environ:
    # As torchrun does it.
    there = dict(os.environ, STARTED="1", WORLD_SIZE="3", MASTER_PORT="29500")
    for rank in (0, 1, 2):
        child = subprocess.run([sys.executable, __file__], env=dict(there, %s))
        assert child.returncode == 0
    sys.exit()
run = wandb.init(config={"rank": os.environ["WHO"]})
assert wandb.config.x == run.config["x"] and run.sweep_id == os.environ["WANDB_SWEEP_ID"]
assert run.id == os.environ["WANDB_RUN_ID"]
wandb.log({"loss": float(os.environ["WHO"])})
wandb.summary["loss"] = float(os.environ["WHO"])
"""


@pytest.mark.parametrize(
    "variables",
    [
        "RANK=str(rank), WHO=str(rank)",
        "SLURM_PROCID=str(rank), SLURM_STEP_ID='0', WHO=str(rank)",
        "LOCAL_RANK=str(rank), NODE_RANK='0', WHO=str(rank)",
        "OMPI_COMM_WORLD_RANK=str(rank), WHO=str(rank)",
        "PMI_RANK=str(rank), WHO=str(rank)",
        "JSM_NAMESPACE_RANK=str(rank), WHO=str(rank)",
    ],
)
async def test_of_several_processes_the_first_one_reports(
    client: Client, environment: dict[str, str], script: Script, variables: str
) -> None:
    # The agent is one of several of a Slurm job itself, which says nothing of its program.
    agents = environment | {"SLURM_PROCID": "2", "SLURM_STEP_ID": "7"}
    run, err = await run_of_program(client, agents, script(RANKS % variables))

    assert (run.state, run.objective) == (RunState.FINISHED, 0.0)
    assert run.config == {"rank": "0"}
    assert err.count("this process reports nothing for run 0, because it has ") == 2
    assert "two processes" not in err


@pytest.mark.parametrize(
    ("init", "variable"), [("wandb.init(mode='shared',", ""), ("wandb.init(", "1")]
)
async def test_all_processes_report_where_the_program_says_so(
    client: Client, environment: dict[str, str], script: Script, init: str, variable: str
) -> None:
    text = RANKS.replace("wandb.init(", init) % "RANK=str(rank), WHO=str(rank)"
    here = environment | {"WANLLMDB_ALL_RANKS": variable}
    run, err = await run_of_program(client, here, script(text))

    assert [value for _, value in await steps_of(client, run, "loss")] == [0.0, 1.0, 2.0]
    assert run.objective == 2.0
    assert "reports nothing" not in err


async def test_two_processes_that_report_at_a_time_are_warned_about(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script(
        "wandb.init()\n"
        "wandb.log({'loss': 1.0})\n"
        "if sys.argv[-1] != 'again':\n"
        "    subprocess.run([sys.executable, __file__, 'again'], check=True)\n"
    )
    run, err = await run_of_program(client, environment, program)

    assert run.state is RunState.FINISHED
    assert err.count("two processes report values of run 0, and the last one counts") == 1


async def test_a_program_after_another_one_of_the_same_run_comes_after_it(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script(
        "if len(sys.argv) > 2:\n"
        "    for loss in '2', '1':\n"
        "        subprocess.run([sys.executable, __file__, loss], check=True)\n"
        "    sys.exit()\n"
        "assert wandb.init().step == 0\n"
        "for step in range(3):\n"
        "    wandb.log({'loss': float(sys.argv[1]) / (step + 1)}, step=step)\n"
        "if sys.argv[1] == '1':\n"
        "    wandb.finish()\n"
        "    wandb.init().summary['loss'] = 0.25\n"
    )
    run, err = await run_of_program(client, environment, program)

    assert run.objective == 0.25
    assert [step for step, _ in await steps_of(client, run, "loss")] == list(range(6))
    assert "two processes" not in err


SPAWNED = """
import json, os
import wanllmdb as wandb
run = wandb.init()
wandb.log({"loss": run.config.x})
print(json.dumps([run.id, os.environ["WANDB_RUN_ID"], os.environ["WANDB_PROJECT"]]))
"""


def spawned(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SPAWNED],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_a_process_that_a_function_starts_finds_its_run(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    before = dict(os.environ)
    answers: list[list[str]] = []

    def train() -> None:
        child = spawned()
        assert child.returncode == 0, child.stderr
        answers.append(json.loads(child.stdout))

    await run_agent(client, sweep_id, train)

    runs = await runs_of(client, sweep_id)
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]
    assert answers == [[f"{sweep_id}-{n}", f"{sweep_id}-{n}", "default"] for n in (0, 1)]
    assert dict(os.environ) == before


async def test_an_agent_without_a_function_runs_the_sweeps_program(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script("wandb.init()\nwandb.log({'loss': wandb.config.x})\n")
    sweep_id = await new_sweep(client, program=program)
    code = f"import wanllmdb; print(wanllmdb.agent('entity/project/{sweep_id}', count=2).runs)"

    async with started(sys.executable, "-c", code, environment=environment) as process:
        out, err = await end_of(process)

    assert (process.returncode, out) == (0, "2\n"), err
    assert [run.objective == run.parameters["x"] for run in await runs_of(client, sweep_id)] == [
        True,
        True,
    ]


async def test_an_agent_without_a_function_of_a_sweep_without_a_program_is_rejected(
    client: Client,
) -> None:
    sweep_id = await new_sweep(client)
    with pytest.raises(
        wandb.InvalidArgumentError, match="names no program, so the agent needs a functi"
    ):
        await asyncio.to_thread(wandb.agent, sweep_id, client=client)


WORKERS = """
import multiprocessing, sys
import wanllmdb as wandb

def work(rank, run):
    here = wandb.init(mode="disabled" if rank else "online")
    assert (here.id, wandb.config.x) == (run.id, run.config.x)
    here.log({"loss": 10.0 * rank + wandb.config.x})
    here.summary["best"] = rank

def train():
    context = multiprocessing.get_context(sys.argv[2])
    run = wandb.init()
    workers = [context.Process(target=work, args=(rank, run)) for rank in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]

if __name__ == "__main__":
    wandb.agent(sys.argv[1], train, count=1)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
async def test_workers_of_a_function_get_its_run_and_the_disabled_ones_report_nothing(
    client: Client, environment: dict[str, str], tmp_path: Path, method: str
) -> None:
    sweep_id = await new_sweep(client)
    (tmp_path / "train.py").write_text(WORKERS)
    program = (sys.executable, str(tmp_path / "train.py"), sweep_id, method)

    async with started(*program, environment=environment) as process:
        _, err = await end_of(process)

    assert process.returncode == 0, err
    (run,) = await runs_of(client, sweep_id)
    assert run.summary == {"loss": run.parameters["x"], "best": 0.0}
    assert run.objective == run.parameters["x"]
    assert "two processes" not in err


async def test_what_a_later_program_sets_in_the_summary_counts(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script(
        "if len(sys.argv) > 2:\n"
        "    for part in 'train', 'test':\n"
        "        subprocess.run([sys.executable, __file__, part], check=True)\n"
        "    sys.exit()\n"
        "run = wandb.init()\n"
        "for loss in (3.0, 2.0) if sys.argv[1] == 'train' else ():\n"
        "    run.log({'loss': loss})\n"
        "if sys.argv[1] == 'test':\n"
        "    run.summary['loss'] = 1.0\n"
    )
    run, _ = await run_of_program(client, environment, program)

    assert (run.objective, run.last_step) == (1.0, 1)


async def test_what_a_wandb_agent_left_in_the_environment_is_no_run_of_here(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_SWEEP_ID", "of-another")
    monkeypatch.setenv("WANDB_RUN_ID", "run-of-another")
    assert wandb.init().sweep_id is None
    wandb.finish()
    sweep_id = await new_sweep(client)

    await run_agent(client, sweep_id, lambda: wandb.log({"loss": 1.0}), count=1)

    assert os.environ["WANDB_SWEEP_ID"] == "of-another"
    assert len(await runs_of(client, sweep_id)) == 1


async def test_the_error_in_a_process_that_outlives_its_run_names_the_end(
    client: Client, script: Script
) -> None:
    sweep_id = await new_sweep(client)
    left: dict[str, str] = {}

    def train() -> None:
        with wandb.init() as run:
            run.log({"loss": 1.0})
            left.update(os.environ)

    await run_agent(client, sweep_id, train, count=1)
    worker = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, script("wandb.init()\n")],
        env=left,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "has ended (finished)" in worker.stderr
    assert "a pool that outlives its run" in worker.stderr


async def test_the_error_in_a_process_of_one_of_several_agents_names_the_remedy(
    client: Client,
) -> None:
    first, second = await new_sweep(client), await new_sweep(client)
    # Both runs are there before either starts a process.
    both = asyncio.Barrier(2)
    loop = asyncio.get_running_loop()
    children: list[subprocess.CompletedProcess[str]] = []

    def train() -> None:
        run = wandb.init()
        assert isinstance(run, wandb.ActiveRun)
        asyncio.run_coroutine_threadsafe(both.wait(), loop).result(60)
        children.append(spawned())
        # Without a value the run would fail.
        children.append(spawned(**run.environment()))
        asyncio.run_coroutine_threadsafe(both.wait(), loop).result(60)

    await asyncio.gather(*(run_agent(client, each, train, count=1) for each in (first, second)))

    lost = [child for child in children if child.returncode != 0]
    assert len(lost) == 2
    for child in lost:
        assert "2 agents work in the process that started this one" in child.stderr
        assert "env={**os.environ, **run.environment()}" in child.stderr
    for sweep_id in (first, second):
        (run,) = await runs_of(client, sweep_id)
        assert run.objective == run.parameters["x"]


@pytest.mark.parametrize(
    ("agents", "own", "rank"),
    [
        ({}, {}, None),
        ({}, {"RANK": "0"}, None),
        ({}, {"RANK": "3"}, "RANK=3"),
        ({}, {"RANK": "0", "LOCAL_RANK": "2"}, None),
        ({}, {"LOCAL_RANK": "0", "NODE_RANK": "1"}, "NODE_RANK=1"),
        ({}, {"RANK": "many"}, None),
        ({"SLURM_PROCID": "3"}, {"SLURM_PROCID": "3"}, None),
        ({"SLURM_PROCID": "3"}, {"SLURM_PROCID": "3", "RANK": "1"}, "RANK=1"),
        ({"SLURM_PROCID": "3"}, {"SLURM_PROCID": "0"}, None),
        (
            {"SLURM_PROCID": "3", "SLURM_STEP_ID": "0"},
            {"SLURM_PROCID": "3", "SLURM_STEP_ID": "1"},
            "SLURM_PROCID=3",
        ),
        ({}, {"RANK": "3", "WANLLMDB_ALL_RANKS": "1"}, None),
    ],
)
def test_a_rank_counts_unless_it_is_the_agents(
    agents: dict[str, str],
    own: dict[str, str],
    rank: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        for name, value in agents.items():
            patch.setenv(name, value)
        said = distributed.variables()
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WANLLMDB_AGENT_RANKS", said)

    assert distributed.silent_rank() == rank


@pytest.mark.parametrize(
    "last", ["run.log({'loss': run.config.x})", "run.log({'loss': run.config.x}, step=1)"]
)
@pytest.mark.parametrize("kind", ["function", "command"])
async def test_what_is_logged_after_a_worker_has_ended_comes_after_what_that_logged(
    client: Client, environment: dict[str, str], tmp_path: Path, last: str, kind: str
) -> None:
    (tmp_path / "fold.py").write_text(
        "import wanllmdb as wandb\n"
        "run = wandb.init(reinit=True)\n"
        "for epoch in range(4):\n"
        "    run.log({'loss': 100.0 + epoch}, step=epoch)\n"
    )
    (tmp_path / "train.py").write_text(
        "import subprocess, sys\n"
        "import wanllmdb as wandb\n"
        "def train():\n"
        "    run = wandb.init()\n"
        "    run.log({'loss': 50.0})\n"
        "    for fold in range(2):\n"
        f"        subprocess.run([sys.executable, {str(tmp_path / 'fold.py')!r}], check=True)\n"
        f"    {last}\n"
        "if sys.argv[1] == '--of':\n"
        "    wandb.agent(sys.argv[2], train, count=1)\n"
        "else:\n"
        "    train()\n"
    )
    sweep_id = await new_sweep(client)
    program = (sys.executable, str(tmp_path / "train.py"))
    agent = (*WANLLMDB, "agent", sweep_id, "--count", "1", "--", *program)
    spool = environment | {"WANLLMDB_SPOOL_DIR": str(tmp_path / "spool")}

    command = (*program, "--of", sweep_id) if kind == "function" else agent
    async with started(*command, environment=spool) as process:
        _, err = await end_of(process)

    assert process.returncode == 0, err
    (run,) = await runs_of(client, sweep_id)
    assert run.objective == run.parameters["x"]
    values = [value for _, value in await steps_of(client, run, "loss")]
    assert values == [50.0, *[100.0, 101.0, 102.0, 103.0] * 2, run.parameters["x"]]
    assert list((tmp_path / "spool.reporting").iterdir()) == []


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (
            {"is_initialized": lambda: True, "get_rank": lambda: 2},
            "torch.distributed.get_rank() = 2",
        ),
        ({"is_initialized": lambda: True, "get_rank": lambda: 0}, None),
        ({"is_initialized": lambda: False}, None),
        ({}, None),
    ],
)
def test_a_rank_that_torch_alone_knows_counts(
    monkeypatch: pytest.MonkeyPatch, group: dict[str, Any], told: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "torch.distributed", SimpleNamespace(**group))
    assert distributed.silent_rank() == told
    monkeypatch.setenv("RANK", "0")
    assert distributed.silent_rank() is None

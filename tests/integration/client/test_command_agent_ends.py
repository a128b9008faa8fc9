"""How the programs of `wanllmdb agent` end, and how the agent does."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.command_agents import agent, is_there, plain_sweep, work
from tests.integration.client.conftest import Script
from tests.integration.client.programs import (
    end_of,
    interrupted_once,
    is_alive,
    reaches,
    runs_of,
    until,
    until_gone,
)
from wanllmdb import Client, RunState, SweepState

LASTING = """
import os, signal, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(f"{sys.argv[1]}/{os.environ['WANLLMDB_RUN_NUMBER']}", "w").write(
    f"{os.getpid()} {grandchild.pid} {os.environ['WANLLMDB_SLOT']}")
print("training", flush=True)
"""
WAITING = LASTING + "time.sleep(600)\n"
DEAF = (
    LASTING.replace("print(", "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(")
    + "while True: time.sleep(1)\n"
)


def pids_of(folder: Path, number: int = 0) -> tuple[int, int]:
    program, grandchild, _ = (folder / str(number)).read_text().split()
    return int(program), int(grandchild)


# Run 1 lasts until it is stopped; the others end at once.
ONE_LASTS = """
import os, time
if os.environ["WANLLMDB_RUN_NUMBER"] == "1":
    print("training", flush=True)
    time.sleep(600)
"""


ONE_LOGS = """
import time
import wanllmdb as wandb
run = wandb.init()
wandb.log({"loss": 1.0})
if run.number == 1:
    print("training", flush=True)
    while True:
        time.sleep(0.01)
        wandb.log({"loss": 1.0})
"""


async def test_a_canceled_sweep_kills_what_does_not_stop_and_all_that_it_started(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--kill-delay", "0.5", "--", sys.executable, script(DEAF), str(tmp_path))
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training")
        await asyncio.to_thread(client.cancel_sweep, sweep_id)
        _, err = await end_of(process)

    assert process.returncode == 0, err
    await until(client, sweep_id, "canceled")
    await until_gone(*pids_of(tmp_path))


@pytest.mark.parametrize("text", [ONE_LASTS, ONE_LOGS], ids=["without logging", "with init"])
@pytest.mark.parametrize("parallel", ["1", "2"])
async def test_a_canceled_run_stops_and_its_agent_goes_on_with_the_next_ones(
    client: Client, environment: dict[str, str], script: Script, text: str, parallel: str
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--parallel", parallel, "--count", "4", "--", sys.executable, script(text))
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training" if parallel == "1" else "[run 1] training")
        await asyncio.to_thread(client.cancel_runs, sweep_id, [1])
        _, err = await end_of(process)

    assert process.returncode == 0, err
    states = [str(run.state) for run in await runs_of(client, sweep_id)]
    assert states == ["finished", "canceled", "finished", "finished"]
    assert (await asyncio.to_thread(client.get_sweep, sweep_id)).state is SweepState.RUNNING


@pytest.mark.parametrize(
    "program",
    [LASTING, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + LASTING],
    ids=["polite", "deaf"],
)
async def test_what_a_program_leaves_behind_ends_with_it(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path, program: str
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--count", "2", "--", sys.executable, script(program), str(tmp_path))
    code, _, err = await work(sweep_id, *command, environment=environment)

    assert code == 0, err
    assert [run.state for run in await runs_of(client, sweep_id)] == [RunState.FINISHED] * 2
    await until_gone(*pids_of(tmp_path, 0), *pids_of(tmp_path, 1))


async def test_ctrl_c_once_waits_for_the_programs(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await plain_sweep(client)
    program = script("import time\nprint('training', flush=True)\ntime.sleep(1)\n")
    async with agent(sweep_id, "--", sys.executable, program, environment=environment) as process:
        await reaches(process, "training")
        process.send_signal(signal.SIGINT)
        _, err = await end_of(process)

    assert process.returncode == 130
    assert "interrupted: waiting for run 0 to end" in err
    await until(client, sweep_id, "finished")


async def test_ctrl_c_twice_ends_the_programs_and_gives_their_runs_back(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--parallel", "2", "--", sys.executable, script(WAITING), str(tmp_path))
    async with agent(sweep_id, *command, environment=environment) as process:
        await until(client, sweep_id, "running", "running")
        for number in range(2):
            await asyncio.to_thread(wait_until, partial(is_there, tmp_path / str(number)))
        await interrupted_once(process)
        process.send_signal(signal.SIGINT)
        _, err = await end_of(process)

    assert process.returncode == 130, err
    await until(client, sweep_id, "queued", "queued")
    await until_gone(*pids_of(tmp_path, 0), *pids_of(tmp_path, 1))


async def test_ctrl_c_a_third_time_kills(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--kill-delay", "300", "--", sys.executable, script(DEAF), str(tmp_path))
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training")
        await interrupted_once(process)
        process.send_signal(signal.SIGINT)
        # The run is free though its program takes all the time that it has.
        await until(client, sweep_id, "queued")
        assert is_alive(pids_of(tmp_path)[0])
        process.send_signal(signal.SIGINT)
        await end_of(process)

    assert process.returncode == 130
    await until_gone(*pids_of(tmp_path))


async def test_sigterm_gives_the_run_back_at_once(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--kill-delay", "8", "--", sys.executable, script(DEAF), str(tmp_path))
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training")
        process.terminate()
        await until(client, sweep_id, "queued")
        assert is_alive(pids_of(tmp_path)[0])
        await end_of(process)

    assert process.returncode == 143
    await until_gone(*pids_of(tmp_path))


@pytest.mark.parametrize("program", [WAITING, DEAF])
async def test_the_programs_of_a_killed_agent_end_too(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path, program: str
) -> None:
    sweep_id = await plain_sweep(client)
    command = ("--kill-delay", "0.5", "--", sys.executable, script(program), str(tmp_path))
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training")
        pids = pids_of(tmp_path)
        assert all(map(is_alive, pids))
        process.kill()
        await until_gone(*pids)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGINT])
async def test_signals_are_forwarded_where_asked_for(
    client: Client, environment: dict[str, str], script: Script, number: signal.Signals
) -> None:
    sweep_id = await plain_sweep(client, run_cap=1)
    program = script(
        "import signal, sys, time\n"
        "def leave(number, frame):\n"
        "    print('got', signal.Signals(number).name, flush=True)\n"
        "    sys.exit(0)\n"
        f"signal.signal({int(number)}, leave)\n"
        "print('training', flush=True)\n"
        "time.sleep(600)\n"
    )
    command = ("--forward-signals", "--", sys.executable, program)
    async with agent(sweep_id, *command, environment=environment) as process:
        await reaches(process, "training")
        process.send_signal(number)
        await reaches(process, f"got {number.name}")
        await end_of(process)

    await until(client, sweep_id, "finished")


async def test_a_death_by_signal_is_a_failure_and_ends_the_agent_with_the_last_words(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await plain_sweep(client)
    program = script(
        "import os, signal, sys\n"
        "print('out of memory', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    code, _, err = await work(sweep_id, "--", sys.executable, program, environment=environment)

    assert code == 1
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FAILED] * 3
    assert runs[0].error is not None
    assert "was ended by SIGKILL" in runs[0].error.message
    said = err[err.index("wanllmdb: the agent gives up") :]
    assert "3 runs in a row failed within 60 s" in said
    assert "out of memory" in said
    assert "--never-give-up" in said


@pytest.mark.parametrize(
    ("options", "variables", "runs"),
    [
        (("--max-quick-failures", "0"), {}, 5),
        (("--max-initial-failures", "2"), {}, 2),
        ((), {"WANLLMDB_AGENT_MAX_QUICK_FAILURES": "2"}, 2),
        (("--never-give-up",), {}, 7),
        ((), {"WANLLMDB_AGENT_NEVER_GIVE_UP": "1"}, 7),
    ],
)
async def test_when_to_give_up_can_be_set(
    client: Client,
    environment: dict[str, str],
    options: tuple[str, ...],
    variables: dict[str, str],
    runs: int,
) -> None:
    sweep_id = await plain_sweep(client, run_cap=7)
    await work(sweep_id, *options, "--", "false", environment=environment | variables)

    assert len(await runs_of(client, sweep_id)) == runs

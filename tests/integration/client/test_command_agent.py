"""`wanllmdb agent` with real programs: their input, their ends, and the agent's end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.programs import (
    WANLLMDB,
    end_of,
    interrupted_once,
    is_alive,
    new_sweep,
    reaches,
    runs_of,
    started,
    until,
    until_gone,
)
from tests.ports import free_port
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

Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a program and returns its path."""

    def write(text: str) -> str:
        file = tmp_path / "program.py"
        file.write_text(text)
        return str(file)

    return write


async def plain_sweep(client: Client, **more: Any) -> str:
    """Without a metric, a run is finished when its program ends."""
    created = await asyncio.to_thread(
        client.create_sweep,
        {"method": "random", "parameters": {"a": {"values": [1, 2]}}, **more},
    )
    return created.sweep.sweep_id


@asynccontextmanager
async def agent(
    sweep_id: str, *arguments: str, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    async with started(*WANLLMDB, "agent", sweep_id, *arguments, environment=environment) as it:
        yield it


async def work(sweep_id: str, *arguments: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """Runs an agent to its end: exit code, stdout, stderr."""
    async with agent(sweep_id, *arguments, environment=environment) as process:
        out, err = await end_of(process)
    assert process.returncode is not None
    return process.returncode, out, err


def pids_of(folder: Path, number: int = 0) -> tuple[int, int]:
    program, grandchild, _ = (folder / str(number)).read_text().split()
    return int(program), int(grandchild)


def is_there(path: str | Path) -> bool:
    file = Path(path)
    return file.exists() and file.read_text() != ""


async def test_the_sweeps_program_runs_by_its_command(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    program = script(
        "import json, os, sys\n"
        "import wanllmdb as wandb\n"
        "run = wandb.init(config={'epochs': 3, 'opt': {'momentum': 0.9}}, name='mine',\n"
        "                 tags=['baseline'], notes='first', project='ignored', mode='online')\n"
        "assert wandb.run is run and wandb.run.sweep_id in run.id\n"
        "assert sys.argv[1:3] == ['--opt.lr', str(wandb.config.opt.lr)], sys.argv\n"
        "given = json.load(open(sys.argv[3]))\n"
        "assert given == {'opt': {'lr': wandb.config['opt']['lr']}}, given\n"
        "assert sys.argv[4] == f'home={os.environ[\"HOME\"]}'\n"
        "wandb.config.update({'lr_used': wandb.config.opt.lr * 2})\n"
        "wandb.config.opt.lr = 7.0\n"
        "wandb.log({'loss': 1.0})\n"
        "wandb.summary['loss'] = 0.5\n"
        "print(sys.argv[3])\n"
    )
    sweep_id = await new_sweep(
        client,
        parameters={"opt": {"parameters": {"lr": {"values": [0.25]}}}},
        program=program,
        command=[
            "${env}",
            "${interpreter}",
            "${program}",
            "${args_no_equals}",
            "${args_json_file}",
            "home=${envvar:HOME}",
        ],
    )
    code, out, err = await work(sweep_id, "--count", "1", environment=environment)

    assert code == 0, err
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.objective) == (RunState.FINISHED, 0.5)
    assert run.parameters == {"opt/lr": 0.25}
    assert run.config == {"epochs": 3, "lr_used": 0.5, "opt/lr": 7.0, "opt/momentum": 0.9}
    assert (run.name, run.labels) == ("mine", {"baseline": "", "notes": "first"})
    assert not is_there(out.strip())


async def test_the_error_of_a_sweep_without_a_program_names_the_remedy(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    nothing = await plain_sweep(client)
    elsewhere = await plain_sweep(client, program="no/such/train.py")

    code, _, err = await work(nothing, environment=environment)
    assert (code, "names no program" in err) == (2, True)
    code, _, err = await work(elsewhere, environment=environment)
    assert (code, "no/such/train.py is not in this folder" in " ".join(err.split())) == (2, True)
    code, _, err = await work(nothing, "--", "python", "${arg}", environment=environment)
    assert (code, "did you mean ${args}?" in " ".join(err.split())) == (2, True)


async def test_a_program_that_reports_nothing_gets_a_hint(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await new_sweep(client)
    silent = script(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--x', type=float)\n"
        "parser.add_argument('--n', type=int)\n"
        "print(parser.parse_args().n)\n"
    )
    _, out, err = await work(
        sweep_id, "--count", "2", "--", sys.executable, silent, environment=environment
    )

    assert out.split()[0] in ("16", "32")
    assert err.count("hint: the program succeeded but reported no metrics.") == 1
    assert "wandb.log({'loss': ...})" in err


async def test_a_program_begins_without_the_suggestion_service(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await new_sweep(client, early_terminate={"type": "hyperband", "min_iter": 1})
    program = script(
        "import os\n"
        f"os.environ['WANLLMDB_SUGGESTION'] = '127.0.0.1:{free_port()}'\n"
        "import wanllmdb as wandb\n"
        "wandb.init()\n"
        "wandb.log({'loss': 1.0})\n"
    )
    command = ("--count", "1", "--", sys.executable, program)
    _, _, err = await work(sweep_id, *command, environment=environment)

    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.objective) == (RunState.FINISHED, 1.0), err


async def test_a_program_waits_for_a_registry_that_is_away_when_it_begins(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await new_sweep(client)
    # The program's way to the registry opens when a client's own patience has ended.
    program = script(
        "import os, socket, threading\n"
        "host, port = os.environ['WANLLMDB_REGISTRY'].rsplit(':', 1)\n"
        f"os.environ['WANLLMDB_REGISTRY'] = '127.0.0.1:{(away := free_port())}'\n"
        "import wanllmdb as wandb\n"
        "def pump(source, target):\n"
        "    while data := source.recv(65536): target.sendall(data)\n"
        "def forward():\n"
        f"    with socket.create_server(('127.0.0.1', {away})) as server:\n"
        "        while True:\n"
        "            near, _ = server.accept()\n"
        "            far = socket.create_connection((host, int(port)))\n"
        "            threading.Thread(target=pump, args=(near, far), daemon=True).start()\n"
        "            threading.Thread(target=pump, args=(far, near), daemon=True).start()\n"
        "timer = threading.Timer(6, forward)\n"
        "timer.daemon = True\n"
        "timer.start()\n"
        "wandb.init()\n"
        "wandb.log({'loss': 1.0})\n"
    )
    command = ("--count", "1", "--", sys.executable, program)
    _, _, err = await work(sweep_id, *command, environment=environment)

    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.objective) == (RunState.FINISHED, 1.0), err


async def test_parallel_programs_run_at_the_same_time_in_places_of_their_own(
    client: Client, environment: dict[str, str], script: Script, tmp_path: Path
) -> None:
    sweep_id = await plain_sweep(client, run_cap=6)
    # Each waits for the two others of its round.
    program = script(
        "import os, pathlib, sys, time\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "number = int(os.environ['WANLLMDB_RUN_NUMBER'])\n"
        "(folder / f'at-{number}').write_text(os.environ['WANLLMDB_SLOT'])\n"
        "others = [folder / f'at-{n}' for n in range(number // 3 * 3, number // 3 * 3 + 3)]\n"
        "while not all(other.exists() for other in others): time.sleep(0.01)\n"
        "print('together', flush=True)\n"
    )
    code, out, err = await work(
        sweep_id, "--parallel", "3", "--", sys.executable, program, environment=environment
    )

    assert code == 0, err
    assert {run.state for run in await runs_of(client, sweep_id)} == {RunState.FINISHED}
    assert sorted(out.splitlines()) == [f"[run {number}] together" for number in range(6)]
    assert {(tmp_path / f"at-{number}").read_text() for number in range(3)} == {"0", "1", "2"}
    assert "6 runs" in err.splitlines()[-1]


async def test_count_is_shared_by_parallel_programs(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    await work(sweep_id, "--parallel", "3", "--count", "4", "--", "true", environment=environment)

    assert len(await runs_of(client, sweep_id)) == 4


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


async def test_a_config_of_json_reaches_a_program_in_any_language(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await plain_sweep(client)
    _, out, _ = await work(
        *(sweep_id, "--count", "1", "--", "echo", "${args_json}"), environment=environment
    )

    assert json.loads(out)["a"] in (1, 2)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ["--bias=False", "--opt.lr=0.1", "--opt.name=adam w", '--sizes=["a", 2]']),
        (
            {"args_style": "wandb"},
            ["--bias=False", "--opt={'lr': 0.1, 'name': 'adam w'}", "--sizes=['a', 2]"],
        ),
    ],
)
async def test_a_group_reaches_a_program_in_the_style_that_the_sweep_asks_for(
    client: Client, environment: dict[str, str], more: dict[str, str], words: list[str]
) -> None:
    group = {"parameters": {"lr": {"value": 0.1}, "name": {"value": "adam w"}}}
    parameters = {"bias": {"value": False}, "opt": group, "sizes": {"value": ["a", 2]}}
    sweep_id = await plain_sweep(client, parameters=parameters, **more)
    shown = "import json, sys; print(json.dumps(sys.argv[1:]))"
    command = ("--count", "1", "--", sys.executable, "-c", shown)
    _, out, err = await work(sweep_id, *command, environment=environment)

    assert json.loads(out) == words, err


async def test_on_a_terminal_there_is_a_live_view(
    client: Client, environment: dict[str, str], script: Script
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)
    program = script(
        "import time\n"
        "import wanllmdb as wandb\n"
        "run = wandb.init()\n"
        "print('epoch of', run.number)\n"
        "for step in range(8):\n"
        "    wandb.log({'loss': 1.0 / (1 + step)})\n"
        "    time.sleep(0.15)\n"
    )
    command = [*WANLLMDB, "agent", sweep_id, "--parallel", "2", "--", sys.executable, program]
    shown = await asyncio.to_thread(on_a_terminal, command, environment)

    assert "2 running" in shown
    assert "best loss 0.125 in run" in shown
    assert "█" in shown
    assert all(f"{number} │ epoch of {number}" in shown for number in range(3))
    assert "agent done (the sweep has no more runs: its run_cap was reached): 3 runs" in shown


def on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """Runs a command on its own terminal, and returns its output without colors."""
    ours, theirs = pty.openpty()
    terminal = {"TERM": "xterm", "COLUMNS": "150", "LINES": "40"}
    with subprocess.Popen(
        command, env=environment | terminal, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b""
        # Linux says EIO where the last writer is gone.
        with contextlib.suppress(OSError):
            while read := os.read(ours, 65536):
                written += read
        os.close(ours)
        assert process.wait(60) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())

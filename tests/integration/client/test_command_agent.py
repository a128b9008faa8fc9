"""`wanllmdb agent` with real programs: what starts them, and what they are given."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.client.command_agents import is_there, plain_sweep, work
from tests.integration.client.conftest import Script
from tests.integration.client.programs import (
    WANLLMDB,
    new_sweep,
    runs_of,
)
from tests.ports import free_port
from wanllmdb import Client, RunState


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

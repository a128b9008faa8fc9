"""The command line with a running platform."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.e2e.program import WANLLMDB, Program
from tests.e2e.up_process import wait_until

Script = Callable[[str], list[str]]

GRID = {
    "method": "grid",
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}},
}
# Without a metric, a run is done when its program ends.
PLAIN = {"method": "random", "parameters": {"a": {"min": 0.0, "max": 1.0}}, "run_cap": 3}


@pytest.fixture
def nowhere() -> Program:
    """The program with addresses on which no server listens."""
    return Program({"WANLLMDB_REGISTRY": "127.0.0.1:1", "WANLLMDB_SUGGESTION": "127.0.0.1:1"})


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Write a program and return the command that runs it."""

    def write(text: str) -> list[str]:
        file = tmp_path / "program.py"
        file.write_text(text)
        return ["--", sys.executable, str(file)]

    return write


def test_create_prints_its_result_and_the_next_step(wanllmdb: Program, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("method: grid\nparameters:\n  a: {values: [1, 2, 3]}\n")
    said = wanllmdb("sweep", "create", str(file), "--name", "mine", "--project", "theirs").stdout
    assert "Created sweep" in said
    assert "mine, in project theirs" in said
    assert "3 points" in said
    assert "wanllmdb agent" in said


def test_create_sends_the_text_as_it_is(wanllmdb: Program) -> None:
    # An int and a float that a client's own parser might confuse.
    text = "method: random\nparameters:\n  n: {values: [1, 2]}\n  x: {values: [1.0, 2.0]}\n"
    created = json.loads(wanllmdb("sweep", "create", "-", "--json", stdin=text).stdout)
    parameters = created["sweep"]["spec"]["parameters"]
    assert str(parameters["n"]["values"]) == "[1, 2]"
    assert str(parameters["x"]["values"]) == "[1.0, 2.0]"


def test_bad_config_names_every_problem(wanllmdb: Program) -> None:
    text = "method: magic\nparameters:\n  a: {min: 2, max: 1}\n"
    said = wanllmdb("sweep", "create", "-", stdin=text, code=1).stderr
    assert "method" in said
    assert "parameters.a" in said


def test_life_of_a_sweep(wanllmdb: Program) -> None:
    sweep_id = wanllmdb.create(GRID)
    for move, state in [
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("finish", "finished"),
    ]:
        assert f"is {state}" in wanllmdb("sweep", move, sweep_id).stdout
        assert wanllmdb.json("sweep", "show", sweep_id)["state"] == state
    said = wanllmdb("sweep", "pause", sweep_id, code=1).stderr
    assert "finished" in said.lower()
    canceled = wanllmdb.create(GRID)
    assert wanllmdb.json("sweep", "cancel", canceled)["state"] == "canceled"


def test_delete_asks_first(wanllmdb: Program) -> None:
    sweep_id = wanllmdb.create(GRID)
    wanllmdb("sweep", "delete", sweep_id, stdin="n\n", code=1)
    assert wanllmdb.json("sweep", "show", sweep_id)["sweep_id"] == sweep_id
    wanllmdb("sweep", "delete", sweep_id, "--yes")
    said = wanllmdb("sweep", "show", sweep_id, code=1).stderr
    assert sweep_id in said
    assert len(said.splitlines()) == 1


def test_tables_and_filters(wanllmdb: Program) -> None:
    one, other = wanllmdb.create({**GRID, "project": "cli-ls"}), wanllmdb.create(PLAIN)
    wanllmdb("sweep", "start", one)
    table = wanllmdb("sweep", "ls", "--project", "cli-ls").stdout
    assert one in table
    assert other not in table
    running = wanllmdb.json("sweep", "ls", "--state", "running", "--method", "grid")
    assert one in [sweep["sweep_id"] for sweep in running]
    assert {sweep["state"] for sweep in running} == {"running"}
    assert len(wanllmdb.json("sweep", "ls", "--limit", "1")) == 1
    shown = wanllmdb("sweep", "show", one).stdout
    assert "maximize score" in shown


def test_nothing_there_yet(wanllmdb: Program) -> None:
    sweep_id = wanllmdb.create(GRID)
    assert "No runs" in wanllmdb("runs", "ls", sweep_id).stdout
    assert wanllmdb.json("runs", "ls", sweep_id) == []
    assert "No finished run has a value" in wanllmdb("best", sweep_id).stdout
    said = wanllmdb("importance", sweep_id, code=1).stderr
    assert "2" in said
    assert len(said.splitlines()) == 1


def test_no_server_is_one_sentence_that_helps(nowhere: Program) -> None:
    said = nowhere("sweep", "ls", code=1).stderr
    assert "wanllmdb up" in said
    assert "127.0.0.1:1" in said


def test_options_go_before_the_environment(nowhere: Program, wanllmdb: Program) -> None:
    registry = wanllmdb.environment["WANLLMDB_REGISTRY"]
    assert isinstance(nowhere.json("--registry", registry, "sweep", "ls"), list)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sweep", "create", "no-such-file.yaml"),
        ("sweep", "show"),
        ("sweep", "ls", "--state", "sleeping"),
        ("fly",),
        ("agent", "whatever", "--", "no-such-program-anywhere"),
    ],
)
def test_wrong_usage_is_exit_code_2(nowhere: Program, arguments: tuple[str, ...]) -> None:
    nowhere(*arguments, code=2)


def test_version(nowhere: Program) -> None:
    assert nowhere("--version").stdout.startswith("wanllmdb ")


def test_output_that_cant_be_written_is_one_sentence(nowhere: Program) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*WANLLMDB, "--version"],
            env=nowhere.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "wanllmdb: the output can't be written: No space left on device\n"


def test_standard_output_may_be_closed(nowhere: Program) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *WANLLMDB, "--version"],
        env=nowhere.environment,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_agent_appends_parameters_and_reports_what_the_script_logs(
    wanllmdb: Program, script: Script
) -> None:
    command = script(
        "import argparse\n"
        "import wanllmdb as wandb\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--a', type=int)\n"
        "parser.add_argument('--b', choices=['x', 'y'])\n"
        "arguments = parser.parse_args()\n"
        "wandb.init()\n"
        "assert wandb.config.a == arguments.a\n"
        "wandb.log({'score': arguments.a + (0.5 if arguments.b == 'y' else 0.0)})\n"
    )
    sweep_id = wanllmdb.create(GRID)
    wanllmdb("agent", sweep_id, *command)
    runs = wanllmdb.json("runs", "ls", sweep_id)
    assert [run["objective"] for run in runs] == [1.0, 1.5, 2.0, 2.5]
    assert {run["state"] for run in runs} == {"finished"}
    table = wanllmdb("best", sweep_id, "--count", "1").stdout
    assert "2.5" in table
    assert wanllmdb.json("sweep", "show", sweep_id)["finish_reason"] == "space_exhausted"


def test_agent_keeps_the_last_words_of_a_failing_program(wanllmdb: Program, script: Script) -> None:
    command = script("import sys\nprint('the disk is full', file=sys.stderr)\nsys.exit(3)\n")
    sweep_id = wanllmdb.create(PLAIN)
    done = wanllmdb("agent", sweep_id, "--count", "1", *command)
    assert "the disk is full" in done.stderr
    (run,) = wanllmdb.json("runs", "ls", sweep_id)
    assert run["state"] == "failed"
    assert "exit code 3" in run["error"]["message"]
    assert run["error"]["traceback"] == "the disk is full"


def test_canceled_sweep_stops_the_program(
    wanllmdb: Program, script: Script, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    command = script(
        "import os, pathlib, time\n"
        "import wanllmdb as wandb\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
        "wandb.init()\n"
        "for step in range(6000):\n"
        "    wandb.log({'x': step})\n"
        "    time.sleep(0.1)\n"
    )
    sweep_id = wanllmdb.create(PLAIN)
    agent = wanllmdb.start("agent", sweep_id, *command)
    wait_until(lambda: pid_file.exists() and pid_file.read_text() != "")
    wanllmdb("sweep", "cancel", sweep_id)
    output, _ = agent.communicate(timeout=60)
    assert agent.returncode == 0, output
    (run,) = wanllmdb.json("runs", "ls", sweep_id)
    assert run["state"] == "canceled"
    assert not psutil.pid_exists(int(pid_file.read_text()))


def test_watch_follows_to_the_end(wanllmdb: Program, script: Script) -> None:
    sweep_id = wanllmdb.create(PLAIN)
    as_json = wanllmdb.start("watch", sweep_id, "--json")
    as_lines = wanllmdb.start("watch", sweep_id)
    wanllmdb("agent", sweep_id, *script(""))
    output, _ = as_json.communicate(timeout=60)
    assert as_json.returncode == 0, output
    changes = [json.loads(line) for line in output.splitlines()]
    revisions = [change["revision"] for change in changes]
    assert revisions == sorted(revisions)
    last = {change["run"]["number"]: change["run"] for change in changes if change["kind"] == "run"}
    assert {number: run["state"] for number, run in last.items()} == dict.fromkeys(
        range(3), "finished"
    )
    states = [change["sweep"]["state"] for change in changes if change["kind"] == "sweep"]
    assert states[-1] == "finished"
    text, _ = as_lines.communicate(timeout=60)
    assert as_lines.returncode == 0, text
    assert text.count("finished") == 4

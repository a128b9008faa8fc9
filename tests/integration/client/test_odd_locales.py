"""Agents with an ASCII locale, and programs that can't receive a run's parameters."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.client.programs import WANLLMDB, end_of, new_sweep, runs_of, started
from wanllmdb import Client, Run, RunState

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LONG = "x" * 70_000


async def ended(
    client: Client,
    environment: dict[str, str],
    folder: Path,
    values: list[object],
    *options: str,
    **config: object,
) -> tuple[list[Run], str]:
    """The runs of a grid after an agent with an ASCII locale, and the agent's output."""
    sweep_id = await new_sweep(
        client, method="grid", metric=None, parameters={"t": {"values": values}}, **config
    )
    command = (*WANLLMDB, "agent", sweep_id, "--never-give-up", *options)
    here = environment | ASCII | {"WANLLMDB_SPOOL_DIR": str(folder)}
    async with started(*command, environment=here) as process:
        _, err = await end_of(process)
    assert process.returncode == 0, err
    return list(await runs_of(client, sweep_id)), err


@pytest.mark.parametrize("options", [(), ("--parallel", "2")], ids=["one", "two"])
async def test_an_argument_that_can_not_be_encoded_fails_its_run_and_not_the_agent(
    client: Client, environment: dict[str, str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    program = (*options, "--", sys.executable, "-c", "pass", "${args}")
    runs, err = await ended(client, environment, tmp_path, ["日本", "x", "é"], *program)
    states = {run.parameters["t"]: run.state for run in runs}
    assert states == {"日本": RunState.FAILED, "x": RunState.FINISHED, "é": RunState.FAILED}
    (failed,) = (run for run in runs if run.parameters["t"] == "日本")
    assert failed.error is not None
    assert "the argument '--t=日本' has characters that the encoding of " in failed.error.message
    assert "PYTHONUTF8=1" in failed.error.message
    assert "\\u65e5\\u672c" in err


async def test_what_no_program_can_be_given_fails_its_run_with_the_reason(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    program = ("--", sys.executable, "-c", "pass", "${args}")
    runs, err = await ended(client, environment, tmp_path, [[LONG, LONG], "x"], *program)
    assert [run.state for run in runs] == [RunState.FAILED, RunState.FINISHED]
    assert runs[0].error is not None
    assert "exceeds the system's limit" in runs[0].error.message
    assert "${args_json_file}" in runs[0].error.message
    # Neither the run's value nor its error floods the terminal.
    assert max(map(len, err.splitlines())) < 1_000


async def test_parameters_reach_a_program_in_a_file_in_every_locale(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    reading = "import json, sys; print(ascii(json.load(open(sys.argv[1], encoding='utf-8'))))"
    program = ("--", sys.executable, "-c", reading, "${args_json_file}")
    runs, err = await ended(client, environment, tmp_path, ["日本", [LONG, LONG]], *program)
    assert [run.state for run in runs] == [RunState.FINISHED] * 2, err


@pytest.mark.parametrize(
    ("name", "said"),
    [("訓練.py", "\\u8a13\\u7df4.py"), ("x" * 5_000, "... (5,000 characters)")],
    ids=["odd", "long"],
)
async def test_a_sweeps_own_program_that_can_not_be_named_is_refused_in_words(
    client: Client, environment: dict[str, str], tmp_path: Path, name: str, said: str
) -> None:
    sweep_id = await new_sweep(client, program=name)
    here = environment | ASCII | {"WANLLMDB_SPOOL_DIR": str(tmp_path)}
    async with started(*WANLLMDB, "agent", sweep_id, environment=here) as process:
        _, err = await end_of(process)
    assert process.returncode == 2
    assert "Traceback" not in err
    assert said in err

"""The command line in the syntax of W&B's program."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import config
from wanllmdb import AsyncClient, Failed, Succeeded
from wanllmdb.cli.wandb_words import WORDS


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "sweep.yaml"
    path.write_text(json.dumps(config(run_cap=5, program="train.py", name="first")))
    return str(path)


async def created(cli: CommandLine, *arguments: str) -> dict[str, object]:
    sweep = (await cli.json("sweep", *arguments))["sweep"]
    assert isinstance(sweep, dict)
    return sweep


async def test_a_file_alone_makes_a_sweep(cli: CommandLine, file: str) -> None:
    said = await cli("sweep", file)
    assert said.out.startswith("Created sweep ")
    assert "wanllmdb agent " in said.out
    sweep = await created(cli, "-p", "vision", "-e", "me", "--name", "mine", file)
    assert (sweep["project"], sweep["name"]) == ("vision", "mine")
    sweep = await created(cli, file, "--project", "vision", "--program", "other.py")
    assert (sweep["project"], sweep["name"]) == ("vision", "first")
    assert sweep["spec"]["program"] == "other.py"  # type: ignore[index]  # an object
    entity = await cli("sweep", "--entity", "me", "--controller", file)
    assert "--entity is ignored" in entity.err
    assert "--controller is ignored" in entity.err


async def test_flags_move_a_sweep_from_state_to_state(cli: CommandLine, file: str) -> None:
    sweep_id = str((await created(cli, file))["sweep_id"])
    await cli("sweep", "start", sweep_id)
    for flag, state in (
        ("--pause", "paused"),
        ("--resume", "running"),
        ("--stop", "finished"),
    ):
        assert f"is {state}." in (await cli("sweep", flag, f"me/vision/{sweep_id}")).out
    other = str((await created(cli, file))["sweep_id"])
    assert "is canceled." in (await cli("sweep", other, "--cancel")).out
    assert "give one of" in (await cli("sweep", "--stop", "--pause", other, code=2)).err
    assert "give a config file" in (await cli("sweep", "--stop", code=2)).err


async def test_update_changes_what_may_change_and_names_the_rest(
    cli: CommandLine, file: str, tmp_path: Path
) -> None:
    sweep_id = str((await created(cli, file))["sweep_id"])
    changed = tmp_path / "changed.yml"
    changed.write_text(
        json.dumps(
            config(
                run_cap=9,
                program="train.py",
                name="second",
                metric={"name": "loss", "goal": "minimize", "target": 0.5},
                early_terminate={"type": "hyperband", "min_iter": 3},
            )
        )
    )
    said = (await cli("sweep", "--update", f"me/vision/{sweep_id}", str(changed))).out
    assert f"Changed sweep {sweep_id}: run cap, early termination, targets, name." in said
    sweep = await cli.json("sweep", "show", sweep_id)
    assert (sweep["name"], sweep["spec"]["run_cap"]) == ("second", 9)
    assert sweep["spec"]["metrics"][0]["target"] == 0.5
    again = await cli("sweep", "--update", sweep_id, str(changed), code=2)
    assert "already has the config" in " ".join(again.err.split())
    changed.write_text(json.dumps(config(method="grid", metric={"name": "acc"})))
    refused = await cli("sweep", "--update", sweep_id, str(changed), code=2)
    words = " ".join(refused.err.replace("│", " ").split())
    assert "changes the method and sampler and metric and program" in words
    assert f"--prior-sweep {sweep_id}" in words


async def test_runs_of_other_sweeps_are_taken_along(
    cli: CommandLine, async_client: AsyncClient, file: str
) -> None:
    source = await cli.create(config())
    for run in (await async_client.suggest(source, agent_id="agent", count=2)).runs:
        outcome = Failed("broke") if run.number else Succeeded(0.5)
        await async_client.finish_run(source, run.number, 1, outcome)
    sweep = await created(cli, "-R", f"{source}-0", "--prior_run", f"me/p/{source}-1", file)
    priors = await cli.json("runs", "ls", str(sweep["sweep_id"]), "--prior")
    assert [(run["state"], run["objectives"]) for run in priors] == [
        ("finished", [0.5]),
        ("failed", []),
    ]
    assert "a run's id" in (await cli("sweep", "-R", "nothing", file, code=2)).err


async def test_typos_stay_errors_with_what_was_meant(cli: CommandLine, file: str) -> None:
    assert "Did you mean 'create'" in (await cli("sweep", "creat", file, code=2)).err
    assert "No such option" in (await cli("sweep", "--stopp", "abc", code=2)).err
    absent = await cli("sweep", "absent.yaml", code=2)
    assert "absent.yaml can't be read: No such file" in " ".join(absent.err.split())
    assert "Did you mean" in (await cli("agnet", "abc", code=2)).err


@pytest.mark.parametrize("word", sorted(WORDS))
async def test_other_words_are_answered_with_what_to_do_in_one_line(
    cli: CommandLine, word: str
) -> None:
    said = await cli(word, "argument", "--option", code=2)
    assert said.out == ""
    assert said.err == f"wanllmdb has no `{word}`: {WORDS[word]}\n"


async def test_agents_take_the_options_of_wandbs(cli: CommandLine, file: str) -> None:
    sweep_id = str((await created(cli, file))["sweep_id"])
    said = await cli(
        *("agent", "-p", "vision", "-e", "me", "-f", "-t", "5", "--count", "5"),
        *("--max-consecutive-failed-runs", "2", f"me/vision/{sweep_id}"),
        *("--", sys.executable, "-c", "import sys; sys.exit(3)"),
        code=1,
    )
    assert "2 runs in a row failed" in said.err
    assert (await cli.json("sweep", "show", sweep_id))["stats"]["failed_runs"] == 2


async def test_problems_of_a_file_say_where_they_are(
    cli: CommandLine, file: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("method: random\nparameters:\n  x: {min: one, max: 1.0}\nrun_capp: 3\n")
    sweep_id = str((await created(cli, file))["sweep_id"])
    for command in (
        ("sweep", str(bad)),
        ("sweep", str(bad), "--program", "other.py"),
        ("sweep", "create", str(bad)),
        ("sweep", "--update", sweep_id, str(bad)),
        ("sweep", "update", sweep_id, "--space", str(bad)),
    ):
        said = await cli(*command, code=1)
        first, third, second = said.err.splitlines()
        assert first == "wanllmdb: invalid sweep config, 2 problems:"
        assert second.startswith(f"  {bad}:3:7: parameters.x.min: must be a number")
        assert third.startswith(f"  {bad}:4:1: run_capp: unknown key, did you mean run_cap?")
    said = await cli("sweep", "create", "-", code=1, stdin="method: random\nmethod: grid\n")
    assert "  <stdin>:2:1: config_text: line 2, column 1: key 'method' appears twice" in said.err

"""`init`, `log` and `finish` in a program that no agent started, and calls of the module."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wanllmdb as wandb
from tests.unit.client.runs import run
from wanllmdb import Client, InvalidArgumentError
from wanllmdb._agent.sweep_run import Description

SCRIPT = """
import argparse
import wanllmdb as wandb

run = wandb.init(project="mine", config={"lr": 0.1, "opt": {"name": "adam"}}, tags=["a"])
wandb.config.update(argparse.Namespace(epochs=2))
for epoch in range(wandb.config.epochs):
    assert wandb.log({"loss": wandb.config.lr / (1 + epoch)}) is None
run.summary["best"] = 1
run.tags += ("b",)
run.notes = "n"
assert wandb.summary["loss"] == 0.05 and wandb.run is run and wandb.init() is run
assert (run.project, run.tags, run.notes, run.step) == ("mine", ("a", "b"), "n", 2)
assert (run.sweep_id, run.url, run.offline, run.resumed) == (None, None, False, False)
assert run.path == f"wanllmdb/mine/{run.id}"
with wandb.init(reinit=True) as inner:
    assert wandb.run is inner is not run
wandb.log({"mean": 1.0})
wandb.finish()
wandb.finish()
assert wandb.run is None
try:
    wandb.log({"loss": 1.0})
except wandb.NoRunError as error:
    print(error)
"""


def test_a_script_runs_by_itself_and_records_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={"PATH": "", "WANLLMDB_REGISTRY": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("log needs a run, and there is none here: call init() first")
    assert ended.stderr.count("this run records nothing, because no agent called this code") == 1
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.json", json.dumps({"lr": 0.5, "n": 3})),
        ("config.yaml", "lr: 0.5\nn: 3\n"),
        ("config.yaml", "wandb_version: 1\nlr:\n  desc: null\n  value: 0.5\nn:\n  value: 3\n"),
    ],
)
def test_a_config_may_be_in_a_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with wandb.init(config=str(tmp_path / name), mode="disabled"):
        assert dict(wandb.config) == {"lr": 0.5, "n": 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "but is 5"),
        ([1], r"but is \[1\]"),
        ("nowhere.yaml", "'nowhere.yaml' can't be read"),
    ],
)
def test_what_is_no_config_is_rejected_before_there_is_a_run(given: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"config must be a dictionary.*{message}"):
        wandb.init(config=given)
    assert wandb.run is None


@pytest.mark.parametrize(
    ("put", "message"),
    [
        (os.mkfifo, "config must be a dictionary"),
        (Path.mkdir, "Is a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "it holds more than 16 MiB"),
        (lambda path: path.write_bytes(b"\xff"), "can't be read"),
        (lambda path: path.write_text('{"a": ' + "[" * 100_000), "is nested too deeply"),
        (lambda path: path.write_text("a: " + "[" * 10_000), "is nested too deeply"),
    ],
)
def test_an_odd_file_is_no_config(
    put: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    put(tmp_path / "config.yaml")
    with pytest.raises(InvalidArgumentError, match=message):
        wandb.init(config=str(tmp_path / "config.yaml"))
    assert wandb.run is None


def test_keys_of_the_config_may_be_left_out() -> None:
    given = argparse.Namespace(lr=0.5, n=3, data="digits")
    with wandb.init(config=given, config_exclude_keys=["data"], mode="disabled"):
        assert dict(wandb.config) == {"lr": 0.5, "n": 3}
    with wandb.init(config=given, config_include_keys=["data"], mode="disabled"):
        assert dict(wandb.config) == {"data": "digits"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("sweep", "sweep entity project prior_runs"),
        ("agent", "sweep_id function entity project count forward_signals term_timeout"),
        ("init", "entity project dir id name notes tags config config_exclude_keys"),
        ("log", "data step commit sync"),
        ("finish", "exit_code quiet"),
        ("define_metric", "name step_metric step_sync hidden summary overwrite"),
    ],
)
def test_arguments_come_in_wandbs_order(name: str, parameters: str) -> None:
    taken = inspect.signature(getattr(wandb, name)).parameters.values()
    by_position = [each.name for each in taken if each.kind is each.POSITIONAL_OR_KEYWORD]

    assert by_position[: len(parameters.split())] == parameters.split()


def test_a_sweep_may_come_of_a_function_and_its_project_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "of-the-environment")
    asked: list[str] = []

    def config() -> dict[str, Any]:
        asked.append("config")
        return {"method": "random", "parameters": {}}

    with pytest.raises(wandb.UnavailableError):
        wandb.sweep(config, "team", client=Client("127.0.0.1:1", "127.0.0.1:1"))
    assert asked == ["config"]
    with pytest.raises(InvalidArgumentError, match=r"prior_runs takes the ids of runs.*'abc'"):
        wandb.sweep(config, prior_runs=["abc"], client=Client("127.0.0.1:1", "127.0.0.1:1"))
    capsys.readouterr()


def test_a_description_that_a_registry_has_not_got_is_kept_for_the_end() -> None:
    said: list[str] = []
    description = Description(Client("127.0.0.1:1", "127.0.0.1:1"), run(), said.append)

    description.describe("mine", {"notes": "n"})
    description.relabel({"a": ""})

    assert description.unsent == {"name": "mine", "labels": {"a": ""}}
    assert said == []


@pytest.mark.parametrize("argument", ["sync_tensorboard", "monitor_gym", "tensorboard"])
def test_init_says_that_no_library_logs_by_itself(argument: str, tmp_path: Path) -> None:
    script = f"""
import wanllmdb as wandb
run = wandb.init({argument}=False)
run.name = "mine"
assert run.save() == wandb.save() == []
wandb.init({argument}=True)
"""

    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("sync_tensorboard and monitor_gym have no effect") == 1
    assert "call wandb.log with the sweep's metric" in ended.stderr

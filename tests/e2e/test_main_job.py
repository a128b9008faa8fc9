"""The main use: a training script runs a sweep, then its user reads the results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.program import PROGRAMS, Program


def test_the_issues_program_and_what_follows(wanllmdb: Program, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(PROGRAMS)!r})\n"
        "from model import create_model, num_epochs, train_epoch\n"
        + (PROGRAMS / "issue_program.txt").read_text()
        + "print(sweep_id)\n"
    )
    sweep_id = wanllmdb.python(str(script)).stdout.split()[-1]

    runs = wanllmdb.json("runs", "ls", sweep_id)
    assert [run["number"] for run in runs] == list(range(10))
    assert {run["state"] for run in runs} <= {"finished", "pruned"}
    for run in runs:
        parameters = run["parameters"]
        assert 0.0001 <= parameters["learning_rate"] <= 0.01
        assert parameters["batch_size"] in (16, 32, 64, 128)
        assert isinstance(parameters["batch_size"], int)
        assert set(run["summary"]) == {"loss", "val_accuracy"}
        assert run["objective"] == run["summary"]["val_accuracy"]

    finished = [run for run in runs if run["state"] == "finished"]
    best = wanllmdb.json("best", sweep_id)["runs"]
    assert best[0]["objective"] == max(run["objective"] for run in finished)
    shown = wanllmdb.json("sweep", "show", sweep_id)
    assert shown["stats"]["best_run"]["number"] == best[0]["number"]

    importance = wanllmdb.json("importance", sweep_id)
    shares = {entry["name"]: entry["importance"] for entry in importance["parameters"]}
    assert set(shares) == set(runs[0]["parameters"])
    assert sum(shares.values()) == pytest.approx(1.0)
    assert importance["runs_used"] == len(finished)

    exported = tmp_path / "exported.yaml"
    exported.write_text(wanllmdb("sweep", "export", sweep_id).stdout)
    created = wanllmdb.json("sweep", "create", str(exported))
    assert created["sweep"]["spec"] == shown["spec"]
    assert created["sweep"]["project"] == "my-project"

    as_json = tmp_path / "exported.json"
    as_json.write_text(wanllmdb("sweep", "export", sweep_id, "--format", "json").stdout)
    assert json.loads(as_json.read_text())["run_cap"] == 50
    assert wanllmdb.json("sweep", "create", str(as_json))["sweep"]["spec"] == shown["spec"]

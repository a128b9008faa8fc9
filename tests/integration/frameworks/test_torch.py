"""`wanllmdb.integration` for Lightning and transformers, in trainings."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.integration.frameworks.conftest import trained
from tests.integration.frameworks.sweeps import falls, new_sweep, report_of, reports_of, stopping
from wanllmdb import Client, RunState

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        not all(map(find_spec, ("torch", "lightning", "transformers", "accelerate"))),
        reason="torch, lightning, transformers or accelerate is not installed: `make gp`",
    ),
]


@pytest.mark.parametrize("is_own", [False, True], ids=["ours", "their_own"])
async def test_lightning_and_transformers_report(
    client: Client, environment: dict[str, str], tmp_path: Path, is_own: bool
) -> None:
    sweeps = {
        "lightning": await new_sweep(client, "val_loss"),
        "lightning_stopped": await new_sweep(client, "train_loss", **stopping(after=4)),
        "transformers": await new_sweep(client, "eval/loss"),
        "transformers_stopped": await new_sweep(client, "train/loss", **stopping(after=4)),
    }

    said = await trained("torch_trainings.py", sweeps, environment, tmp_path, is_own=is_own)

    run, values = await report_of(client, sweeps["lightning"])
    assert {"train_loss", "val_loss", "epoch", "trainer/global_step"} <= set(values)
    assert falls(values["val_loss"])
    assert len(values["val_loss"]) == 6
    assert run.objective == values["val_loss"][-1]
    assert run.config["hidden"] == 7
    assert run.labels == {"line": ""}
    assert "watch" in said

    run, values = await report_of(client, sweeps["transformers"])
    assert falls(values["eval/loss"])
    assert len(values["eval/loss"]) == len(values["train/loss"]) == 6
    assert values["train/global_step"][-1] == 24
    assert run.objective == values["eval/loss"][-1]
    assert "train_loss" in run.summary
    assert run.config["num_train_epochs"] == 6
    assert run.config["model_type"] == "line"
    assert run.config["model/num_parameters"] == 2

    for name in ("lightning_stopped", "transformers_stopped"):
        reports = await reports_of(client, sweeps[name])
        states = [report.run.state for report in reports]
        assert states == [RunState.FINISHED, RunState.PRUNED, RunState.PRUNED], name
        assert [f"{name} {number} ended by the stop" in said for number in range(3)] == [
            False,
            True,
            True,
        ]


async def test_the_trainers_own_search_runs_a_sweep(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    space = {"learning_rate": {"value": 0.1}}
    sweeps = {"searched": await new_sweep(client, "eval/loss", parameters=space)}

    said = await trained("torch_trainings.py", sweeps, environment, tmp_path, is_own=True)

    run, values = await report_of(client, sweeps["searched"])
    assert run.state is RunState.FINISHED
    assert falls(values["eval/loss"])
    assert run.objective == values["eval/loss"][-1]
    assert run.config["num_train_epochs"] == 6
    # The value began with 0.5, so the sweep's parameters reached the training arguments.
    assert values["train/learning_rate"] == [0.1] * 6
    assert f"searched {run.sweep_id}-{run.number} {run.objective}" in said

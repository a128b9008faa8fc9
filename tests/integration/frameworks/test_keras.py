"""`wanllmdb.integration.keras` in trainings with Keras on jax."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.frameworks.conftest import trained
from tests.integration.frameworks.sweeps import falls, new_sweep, report_of, reports_of, stopping
from wanllmdb import Client, RunState


@pytest.mark.timeout(240)
async def test_callbacks_report_what_keras_measured(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    sweeps = {
        "epochs": await new_sweep(client, "epoch/val_loss"),
        "batches": await new_sweep(client, "batch/loss"),
        "schedule": await new_sweep(client, "epoch/learning_rate"),
        "old_callback": await new_sweep(client, "val_loss"),
        "old_callback_batches": await new_sweep(client, "loss"),
        "saved": await new_sweep(client, "val_loss"),
        "tables": await new_sweep(client, "epoch/loss"),
        "stopped": await new_sweep(client, "epoch/loss", **stopping(after=2)),
        "stopped_old": await new_sweep(client, "loss", **stopping(after=2)),
    }

    said = await trained("keras_trainings.py", sweeps, environment, tmp_path)

    run, values = await report_of(client, sweeps["epochs"])
    assert set(values) == {
        *("epoch/epoch", "epoch/loss", "epoch/mae", "epoch/val_loss", "epoch/val_mae"),
        "epoch/learning_rate",
    }
    assert values["epoch/epoch"] == [0, 1, 2]
    assert values["epoch/learning_rate"] == pytest.approx([0.1] * 3)
    assert falls(values["epoch/val_loss"])
    assert (run.state, run.objective) == (RunState.FINISHED, values["epoch/val_loss"][-1])

    # The first and the third of the 4 batches in each epoch.
    run, values = await report_of(client, sweeps["batches"])
    assert values["batch/batch_step"] == [0, 2, 4, 6, 8, 10]
    assert values["batch/learning_rate"] == pytest.approx([0.1] * 6)
    assert len(values["batch/mae"]) == len(values["batch/loss"]) == 6
    assert values["epoch/epoch"] == [0, 1, 2]
    assert run.objective == values["batch/loss"][-1]

    _, values = await report_of(client, sweeps["schedule"])
    assert values["epoch/learning_rate"] == pytest.approx([0.05, 0.025, 0.0125])

    run, values = await report_of(client, sweeps["old_callback"])
    assert {"epoch", "loss", "mae", "val_loss", "val_mae"} <= set(values)
    assert values["epoch"] == [0, 1, 2]
    assert run.objective == values["val_loss"][-1]
    assert run.summary["best_val_loss"] == min(values["val_loss"])
    assert run.summary["best_epoch"] == 2
    assert said.count("log_weights") == 1

    _, values = await report_of(client, sweeps["old_callback_batches"])
    assert len(values["loss"]) == 3 + 6

    for name in ("saved", "tables"):
        assert (await report_of(client, sweeps[name])).run.state == RunState.FINISHED, name
    assert said.count("WandbModelCheckpoint's files is skipped") == 1
    assert said.count("WandbEvalCallback puts into tables is skipped") == 1

    for name in ("stopped", "stopped_old"):
        reports = await reports_of(client, sweeps[name])
        states = [report.run.state for report in reports]
        assert states == [RunState.FINISHED, RunState.PRUNED, RunState.PRUNED], name
        assert [f"{name} {number} ended by the stop" in said for number in range(3)] == [
            False,
            True,
            True,
        ]
        epochs = [max(map(len, report.values.values())) for report in reports]
        assert epochs == [8, 3, 3], name

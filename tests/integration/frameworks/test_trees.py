"""`wanllmdb.integration` for XGBoost, LightGBM and scikit-learn, in trainings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.frameworks.conftest import trained
from tests.integration.frameworks.sweeps import falls, new_sweep, report_of, reports_of, stopping
from wanllmdb import Client, RunState


@pytest.mark.timeout(240)
async def test_callbacks_report_what_trees_measured(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    sweeps = {
        "xgb": await new_sweep(client, "validation_0-rmse"),
        "xgb_early": await new_sweep(client, "best_score"),
        "xgb_cv": await new_sweep(client, "test-auc", "maximize"),
        "xgb_stopped": await new_sweep(client, "validation_0-rmse", **stopping(after=2)),
        "lgb": await new_sweep(client, "valid_l2"),
        "lgb_cv": await new_sweep(client, "valid_binary_logloss-mean"),
        "lgb_stopped": await new_sweep(client, "valid_l2", **stopping(after=2)),
        "plots": await new_sweep(client, "accuracy", "maximize"),
    }

    said = await trained("tree_trainings.py", sweeps, environment, tmp_path)

    run, values = await report_of(client, sweeps["xgb"])
    assert values["epoch"] == list(range(8))
    assert falls(values["validation_0-rmse"])
    assert run.objective == values["validation_0-rmse"][-1]
    assert run.config["learner/objective/name"] == "reg:squarederror"
    assert said.count("XGBoost's feature importance is skipped") == 1

    run, values = await report_of(client, sweeps["xgb_early"])
    best = min(values["validation_0-rmse"])
    assert values["best_score"] == [pytest.approx(best)]
    assert values["best_iteration"] == [0]
    assert run.objective == pytest.approx(best)

    run, values = await report_of(client, sweeps["xgb_cv"])
    assert {"train-auc", "train-auc-std", "test-auc-std", "test-error@0.7"} <= set(values)
    assert run.objective == values["test-auc"][-1] > 0.9

    run, values = await report_of(client, sweeps["lgb"])
    assert values["iteration"] == list(range(8))
    assert falls(values["valid_l2"])
    assert run.objective == values["valid_l2"][-1]
    assert run.config["objective"] == "regression"
    assert run.summary["best_iteration"] == 8
    assert run.summary["best_score.valid.l2"] == values["valid_l2"][-1]

    run, values = await report_of(client, sweeps["lgb_cv"])
    assert falls(values["valid_binary_logloss-mean"])
    assert len(values["valid_binary_logloss-stdv"]) == 3
    assert "num_threads" not in run.config

    for name in ("xgb_stopped", "lgb_stopped"):
        reports = await reports_of(client, sweeps[name])
        states = [report.run.state for report in reports]
        assert states == [RunState.FINISHED, RunState.PRUNED, RunState.PRUNED], name
        assert [f"{name} {number} ended by the stop" in said for number in range(3)] == [
            False,
            True,
            True,
        ]
        assert [max(map(len, report.values.values())) for report in reports] == [8, 3, 3], name

    run, _ = await report_of(client, sweeps["plots"])
    assert run.objective is not None
    assert said.count("wandb.sklearn.plot_classifier") == 1
    assert said.count("wandb.sklearn.plot_roc") == 1

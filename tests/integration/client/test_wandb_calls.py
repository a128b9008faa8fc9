"""A training function written for W&B that logs media and artifacts besides numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, RunState
from wanllmdb._wandb.names import RUN_NAMES


async def test_numbers_beside_media_are_kept_and_media_have_one_line(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.login()
        run = wandb.init()
        table = wandb.Table(columns=["x", "y"])
        for step in range(3):
            table.add_data(step, step / 2)
            run.log(
                {
                    "loss": 1.0 / (step + 1),
                    f"sample/{step}": wandb.Image(np.zeros((2, 2)), caption="sample"),
                    "images": [wandb.Image("a.png"), wandb.Image("b.png")],
                    "val": {"loss": 0.5, "table": table, "weights": wandb.Histogram([1, 2])},
                }
            )
        wandb.log({"curve": wandb.plot.line(table, "x", "y", title="curve")})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED
    assert run.summary == {"loss": pytest.approx(1 / 3), "val.loss": 0.5}
    assert capsys.readouterr().err.count("left out") == 1


async def test_what_a_run_is_asked_beside_logging_ends_no_run(
    client: Client, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client)
    weights = tmp_path / "weights.pt"
    weights.write_text("abc")

    def train() -> None:
        run = wandb.init()
        for _ in range(3):
            run.watch(object(), log="all", log_freq=10)
            artifact = wandb.Artifact("model", type="model")
            artifact.add_file(weights)
            run.log_artifact(artifact, aliases=["latest"]).wait()
            run.link_artifact(artifact, "registry/model")
            run.log_code(".", include_fn=lambda path: path.endswith(".py")).wait()
            run.save(str(weights), policy="end")
            run.alert(title="low", text="too low", level=wandb.AlertLevel.WARN)
            run.mark_preempting()
        with pytest.raises(wandb.Error, match="read the data from a path"):
            run.use_artifact("model:latest")
        with pytest.raises(AttributeError, match="run has no 'lgo'; did you mean 'log"):
            getattr(run, "lgo")  # noqa: B009 - a type checker knows that it is not there
        with pytest.raises(AttributeError) as caught:
            getattr(run, "status")  # noqa: B009
        assert RUN_NAMES["status"].what in str(caught.value)
        assert run.to_html().startswith("<code>")
        wandb.log({"loss": 1.0})
        wandb.teardown()

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)
    notes = [line for line in capsys.readouterr().err.splitlines() if " does nothing: " in line]
    assert len(notes) == len(set(notes))

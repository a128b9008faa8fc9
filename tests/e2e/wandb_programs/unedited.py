"""A program without any change: it imports `wandb` itself."""

import wandb
from wandb.sdk.lib import RunDisabled

sweep_id = wandb.sweep(
    {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
    },
    project="unedited",
)


def train():
    run = wandb.init()
    assert not isinstance(run, RunDisabled)
    assert isinstance(run, wandb.sdk.wandb_run.Run)
    run.log({"loss": wandb.config.lr * 2})


wandb.agent(sweep_id, function=train, count=2)

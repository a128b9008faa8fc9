"""Disabled runs beside the agent's run, in each way to disable a run."""

import os

import wanllmdb as wandb


def smoke_test():
    """Try the training loop once; none of it may be stored."""
    with wandb.init(mode="disabled", config={"x": 0}) as run:
        run.log({"loss": -1000.0})
        run.summary["loss"] = -1000.0
        wandb.log({"loss": -2000.0})


def train():
    smoke_test()
    with wandb.init() as run:
        x = run.config.x
        run.log({"loss": x**2})
    os.environ["WANDB_MODE"] = "disabled"
    try:
        wandb.init()
        wandb.log({"loss": -3000.0})
        wandb.finish()
    finally:
        del os.environ["WANDB_MODE"]


sweep_id = wandb.sweep(
    {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": -2.0, "max": 2.0}},
    },
    project="disabled-helpers",
)
wandb.agent(sweep_id, train, count=3)

"""A script that logs too late: after `finish` there is no run."""

import wanllmdb as wandb

sweep_id = wandb.sweep(
    {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    },
    project="raises-after-finish",
)


def main():
    wandb.init()
    wandb.log({"loss": 1.0})
    wandb.finish()
    wandb.log({"loss": wandb.config.x})


wandb.agent(sweep_id, function=main, count=2)

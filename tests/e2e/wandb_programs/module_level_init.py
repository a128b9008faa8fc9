"""A script that calls `init` at module level, before it knows its sweep."""

import wanllmdb as wandb

wandb.init(project="module-level-init", config={"lr": 0.5, "epochs": 2})
config = wandb.config
print("default learning rate:", config.lr)


def train():
    run = wandb.init()
    for epoch in range(config.get("epochs", 2)):
        wandb.log({"loss": config.lr / (epoch + 1)})
    run.finish()


sweep_id = wandb.sweep(
    sweep={
        "method": "random",
        "metric": {"name": "loss"},
        "parameters": {"lr": {"min": 0.1, "max": 0.9}, "epochs": {"value": 3}},
    },
    entity="my-team",
    project="module-level-init",
)
wandb.agent(f"my-team/module-level-init/{sweep_id}", train, None, None, 2)

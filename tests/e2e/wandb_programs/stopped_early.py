"""Early termination in a loop that swallows unexpected exceptions."""

import wanllmdb as wandb

sweep_config = {
    "method": "random",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "parameters": {"quality": {"min": 0.0, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
    "run_cap": 12,
}
sweep_id = wandb.sweep(sweep_config, project="stopped-early")


def train():
    run = wandb.init()
    for epoch in range(16):
        try:
            wandb.log({"accuracy": run.config.quality * (epoch + 1) / 16})
        except Exception as error:
            print("logging failed, training goes on:", error)


wandb.agent(sweep_id, function=train)

"""A function agent, as in W&B: the sweep, the function and the agent in one program."""

import wanllmdb as wandb

sweep_id = wandb.sweep(
    {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "learning_rate": {"distribution": "log_uniform", "min": 0.0001, "max": 1.0},
            "batch_size": {"values": [16, 32, 64]},
        },
        "run_cap": 15,
    },
    project="examples",
)


def train() -> None:
    """Train one run: here a formula instead of a model."""
    wandb.init()
    config = wandb.config
    distance = abs(config.learning_rate - 0.05) + config.batch_size / 1000
    for epoch in range(5):
        wandb.log({"loss": distance + 1 / (epoch + 1)})


result = wandb.agent(sweep_id, function=train)
print(f"{sweep_id}: {result}")

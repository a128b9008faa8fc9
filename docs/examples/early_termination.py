"""Early termination: hyperband stops the runs that are not among the best third at a rung."""

import wanllmdb as wandb

EPOCHS = 27

sweep_id = wandb.sweep(
    {
        "method": "random",
        "metric": {"name": "accuracy", "goal": "maximize"},
        "parameters": {"width": {"min": 1, "max": 100}},
        # Rungs after 3, 9 and 27 epochs.
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3},
        "run_cap": 15,
        "seed": 1,
    },
    project="examples",
)


def train() -> None:
    """Train one run: `log` ends the function when the run is stopped."""
    wandb.init()
    best = wandb.config.width / 100
    for epoch in range(EPOCHS):
        wandb.log({"accuracy": best * (1 - 0.8**epoch)})


wandb.agent(sweep_id, function=train)
with wandb.Client() as client:
    stats = client.get_sweep(sweep_id).stats
print(f"{sweep_id}: {stats.finished_runs} runs finished, {stats.pruned_runs} stopped early")

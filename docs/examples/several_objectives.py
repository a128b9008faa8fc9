"""Several objectives: NSGA-II searches for runs that are accurate, small, or a compromise."""

import wanllmdb as wandb

sweep_id = wandb.sweep(
    {
        "method": "bayes",
        "sampler": {"name": "nsga2", "options": {"population_size": 8}},
        "metrics": [
            {"name": "error", "goal": "minimize"},
            {"name": "size", "goal": "minimize"},
        ],
        "parameters": {"layers": {"min": 1, "max": 12}, "width": {"min": 8, "max": 256}},
        "run_cap": 24,
    },
    project="examples",
)


def train() -> None:
    """Train one run, and log both objectives."""
    wandb.init()
    layers, width = wandb.config.layers, wandb.config.width
    wandb.log({"error": 1 / (layers * width) ** 0.5, "size": layers * width**2})


wandb.agent(sweep_id, function=train)
with wandb.Client() as client:
    for run in client.get_best_runs(sweep_id, count=24).runs:
        print(run.number, run.parameters, run.objectives)

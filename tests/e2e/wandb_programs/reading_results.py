"""A sweep, and then an analysis that reads its results through the API."""

import wanllmdb as wandb

sweep_id = wandb.sweep(
    {
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}, "model": {"value": "tiny"}},
    },
    project="reading-results",
)


def train():
    with wandb.init() as run:
        for epoch in range(5):
            run.log({"loss": (run.config.lr - 0.2) ** 2 + 1 / (epoch + 1), "epoch": epoch})


wandb.agent(sweep_id, function=train)

api = wandb.Api()
sweep = api.sweep(f"my-team/reading-results/{sweep_id}")
runs = sorted(sweep.runs, key=lambda run: run.summary.get("loss", float("inf")))
assert len(sweep.runs) == 3
assert [run.state for run in runs] == ["finished"] * 3
best = sweep.best_run()
assert best.id == runs[0].id
assert best.config["lr"] == 0.2
assert best.config["model"] == "tiny"
again = api.run(f"my-team/reading-results/{best.id}")
history = again.history(keys=["loss"], pandas=False)
losses = [row["loss"] for row in again.scan_history(keys=["loss"])]
assert [row["loss"] for row in history] == losses == [1 / (epoch + 1) for epoch in range(5)]
table = [
    {**run.config, **run.summary, "name": run.name} for run in api.runs("my-team/reading-results")
]
assert min(table, key=lambda row: row["loss"])["lr"] == 0.2
print("best learning rate:", best.config["lr"])

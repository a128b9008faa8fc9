"""Results through `wandb.Api`, as programs written for W&B read them. Takes a sweep's id."""

import sys

import wanllmdb as wandb

sweep = wandb.Api().sweep(sys.argv[1])
print(f"{sweep.name}: {sweep.state}, {len(sweep.runs)} runs")
for run in sweep.runs:
    print(run.name, run.state, dict(run.config), run.summary.get("loss"))

best = sweep.best_run()
losses = [row["loss"] for row in best.scan_history(keys=["loss"])]
print(f"best: {best.name}, losses {losses}")

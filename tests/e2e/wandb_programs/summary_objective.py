"""Training that sets its best value in the summary, which becomes the objective."""

import wanllmdb as wandb


def train():
    run = wandb.init()
    wandb.define_metric("epoch")
    wandb.define_metric("val/*", step_metric="epoch")
    run.define_metric("val/loss", summary="min")
    losses = [run.config.x + offset for offset in (3.0, 1.0, 2.0)]
    for epoch, loss in enumerate(losses):
        wandb.log({"epoch": epoch, "val/loss": loss, "train/loss": loss / 2})
    if run.config.how == "summary":
        run.summary["val/loss"] = min(losses)
    run.notes = "the best of three"
    run.tags += (run.config.how,)


sweep_id = wandb.sweep(
    {
        "method": "grid",
        "metric": {"name": "val/loss", "goal": "minimize"},
        "parameters": {
            "x": {"values": [0.5, 1.5]},
            "how": {"values": ["define_metric", "summary"]},
        },
    },
    project="summary-objective",
)
wandb.agent(sweep_id, train)

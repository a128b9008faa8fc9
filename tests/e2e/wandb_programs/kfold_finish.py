"""Cross-validation: each fold has its own init and finish, and the mean is logged at the end."""

import wanllmdb as wandb

SWEEP = {
    "method": "grid",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "parameters": {"width": {"values": [8, 16, 32]}, "folds": {"value": 3}},
}


def train():
    scores = []
    fold, folds = 0, 1
    while fold < folds:
        with wandb.init(job_type="fold", tags=["cv", f"fold{fold}"]) as run:
            folds = run.config.folds
            score = run.config.width / 64 + 0.01 * fold
            for epoch in range(4):
                run.log({"accuracy": score * epoch / 3, "epoch": epoch})
            scores.append(score)
        fold += 1

    summary = wandb.init(job_type="summary")
    summary.log({"accuracy": sum(scores) / len(scores)})
    summary.finish()
    assert wandb.run is None


sweep_id = wandb.sweep(SWEEP, project="kfold-finish")
wandb.agent(sweep_id, train)

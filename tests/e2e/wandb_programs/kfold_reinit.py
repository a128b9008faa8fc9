"""Cross-validation: an inner run for each fold, and the mean on the outer run."""

import wanllmdb as wandb

FOLDS = 4

sweep_config = {
    "method": "random",
    "metric": {"name": "val_loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
        "depth": {"values": [2, 4, 6]},
    },
}


def loss_of(fold, config):
    return config["depth"] * config["lr"] + fold


def cross_validate():
    outer = wandb.init(group="cv")
    config = dict(outer.config)
    losses = []
    for fold in range(FOLDS):
        inner = wandb.init(group="cv", name=f"fold-{fold}", config=config, reinit=True)
        for epoch in range(3):
            inner.log({"val_loss": 100 + epoch}, step=epoch)
        losses.append(loss_of(fold, wandb.config))
        wandb.log({"val_loss": losses[-1]})
        wandb.finish()
    wandb.log({"val_loss": sum(losses) / FOLDS, "folds": FOLDS})
    wandb.finish()


if __name__ == "__main__":
    sweep_id = wandb.sweep(sweep_config, project="kfold-reinit")
    wandb.agent(sweep_id, function=cross_validate, count=3)

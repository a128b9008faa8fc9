"""A script that uses features that only W&B stores: files, artifacts, code, alerts."""

import pathlib
import tempfile

import wanllmdb as wandb


def train(config=None):
    with wandb.init(
        config=config,
        project="everything-else",
        entity="my-team",
        dir=tempfile.mkdtemp(),
        save_code=True,
        settings=wandb.Settings(start_method="thread", _disable_stats=True),
    ) as run:
        run.log_code(".")
        run.mark_preempting()
        model = {"weight": run.config.weight}
        wandb.watch(model)
        for step in range(3):
            run.log({"loss": abs(model["weight"] - 1) + 1 / (step + 1)}, commit=True)
        path = pathlib.Path(run.dir) / "model.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(model))
        wandb.save(str(path))
        artifact = wandb.Artifact("model", type="model", metadata=dict(run.config))
        artifact.add_file(str(path))
        run.log_artifact(artifact, aliases=["latest"])
        wandb.termlog(f"{run.name} of {run.project}: {run.get_url()} {run.sweep_id}")
        wandb.unwatch(model)
        wandb.alert("Trained", "all went well", level=wandb.AlertLevel.INFO)


if __name__ == "__main__":
    wandb.setup()
    sweep_id = wandb.sweep(
        {
            "method": "bayes",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"weight": {"distribution": "normal", "mu": 1, "sigma": 0.5}},
            "run_cap": 3,
        },
        "my-team",
        "everything-else",
    )
    wandb.agent(sweep_id, train, "my-team", "everything-else", 3)
    wandb.teardown()

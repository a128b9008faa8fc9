"""A trainer that copies, saves and compares its config, as large libraries do."""

import argparse
import copy
import json
import pickle
import tempfile
from pathlib import Path

import wanllmdb as wandb


class TrainingArguments:
    def __init__(self, learning_rate=0.1, warmup=0, betas=(0.9, 0.999), output_dir=None):
        self.learning_rate = learning_rate
        self.warmup = warmup
        self.betas = betas
        self.output_dir = output_dir

    def to_dict(self):
        return copy.deepcopy(self.__dict__)


def train():
    run = wandb.init(config={"model": {"type": "tiny", "layers": 2}})
    before = copy.deepcopy(wandb.config)
    frozen = pickle.loads(pickle.dumps(run.config))
    wanted = {k: v for k, v in wandb.config.items() if k != "model"}
    arguments = TrainingArguments(**wanted)
    with tempfile.TemporaryDirectory() as folder:
        arguments.output_dir = folder
        path = Path(folder, "config.json")
        path.write_text(json.dumps(dict(wandb.config)))
        assert json.loads(path.read_text())["warmup"] == arguments.warmup
        wandb.config.update(arguments.to_dict(), allow_val_change=True)
    namespace = argparse.Namespace(**wandb.config)
    before["learning_rate"] = 99.0
    before["model"]["layers"] = 99
    assert frozen["learning_rate"] == namespace.learning_rate == wandb.config.learning_rate
    assert wandb.config.model["layers"] == 2
    wandb.config.setdefaults({"warmup": 7, "seed": 1})
    assert "seed" in wandb.config
    assert wandb.config.get("missing", "none") == "none"
    wandb.log({"eval/loss": namespace.learning_rate * (1 + wandb.config["warmup"])})


if __name__ == "__main__":
    sweep_id = wandb.sweep(
        {
            "method": "random",
            "metric": {"name": "eval/loss", "goal": "minimize"},
            "parameters": {
                "learning_rate": {"distribution": "uniform", "min": 0, "max": 1},
                "warmup": {"values": [0, 10]},
            },
        },
        project="config-copies",
    )
    wandb.agent(sweep_id, function=train, count=3)

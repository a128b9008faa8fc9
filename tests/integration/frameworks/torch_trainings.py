"""Train small models with Lightning and transformers: `torch_trainings.py FUNCTION=SWEEP ...`.

With `--own`, use Lightning's own logger and the Trainer's own callback, which import wandb.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer, seed_everything
from torch.utils.data import DataLoader, TensorDataset
from transformers import PretrainedConfig, PreTrainedModel, TrainingArguments
from transformers import Trainer as HfTrainer

if IS_OWN := "--own" in sys.argv:
    sys.argv.remove("--own")
    import wandb
    from lightning.pytorch.loggers import WandbLogger
else:
    import wanllmdb as wandb
    from wanllmdb.integration.lightning import WandbLogger
    from wanllmdb.integration.transformers import WandbCallback

X = torch.linspace(-1, 1, 32).reshape(-1, 1)
Y = 3 * X


@contextmanager
def ended_by_stop(name: str, number: int) -> Iterator[None]:
    """Print on stderr if the stop of a run ended the block."""
    try:
        yield
    except wandb.RunStopped:
        print(f"{name} {number} ended by the stop", file=sys.stderr)
        raise


class Line(LightningModule):
    def __init__(self, lr: float, hidden: int = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_index: int) -> torch.Tensor:
        loss = torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Any, batch_index: int) -> None:
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])


def fit(model: Line, logger: Any) -> None:
    seed_everything(1)
    data = DataLoader(TensorDataset(X, Y), batch_size=8)
    Trainer(
        max_epochs=6,
        logger=logger,
        accelerator="cpu",
        log_every_n_steps=2,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(model, data, DataLoader(TensorDataset(X, Y), batch_size=32))


def lightning() -> None:
    logger = WandbLogger(project="lines", tags=["line"])
    fit(Line(wandb.config.lr, hidden=7), logger)
    logger.watch(torch.nn.Linear(1, 1))
    assert wandb.run is not None
    assert logger.version == logger.experiment.id == wandb.run.id


def lightning_stopped() -> None:
    run = wandb.init()
    with ended_by_stop("lightning_stopped", run.number):
        fit(Line(0.1 / (1 + 10 * run.number)), WandbLogger())


class LineConfig(PretrainedConfig):
    model_type = "line"


class LineModel(PreTrainedModel):
    config_class = LineConfig

    def __init__(self, config: LineConfig) -> None:
        super().__init__(config)
        self.layer = torch.nn.Linear(1, 1)
        self.post_init()

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        y = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(y, labels), "logits": y}


def hf_trainer(rate: float) -> HfTrainer:
    torch.manual_seed(1)
    data = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    arguments = TrainingArguments(
        output_dir="out",
        learning_rate=rate,
        lr_scheduler_type="constant",
        num_train_epochs=6,
        per_device_train_batch_size=8,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        report_to="wandb" if IS_OWN else "none",
        optim="sgd",
        use_cpu=True,
        disable_tqdm=True,
    )
    callbacks = [] if IS_OWN else [WandbCallback()]
    return HfTrainer(
        args=arguments,
        model_init=lambda: LineModel(LineConfig()),
        train_dataset=data,
        eval_dataset=data,
        callbacks=callbacks,
    )


def train(rate: float) -> None:
    hf_trainer(rate).train()


def transformers() -> None:
    train(wandb.config.lr)


def transformers_stopped() -> None:
    run = wandb.init()
    with ended_by_stop("transformers_stopped", run.number):
        train(0.1 / (1 + 10 * run.number))


def search(sweep_id: str) -> None:
    """The Trainer's own search, which calls the agent itself."""
    best = hf_trainer(0.5).hyperparameter_search(
        hp_space=lambda _trial: {"metric": {}},
        direction="minimize",
        backend="wandb",
        n_trials=1,
        sweep_id=sweep_id,
        project="lines",
        entity="none",
        metric="eval/loss",
    )
    print(f"searched {best.run_id} {best.objective}", file=sys.stderr)


if __name__ == "__main__":
    for pair in sys.argv[1:]:
        function, sweep_id = pair.split("=")
        if function == "searched":
            search(sweep_id)
            continue
        wandb.agent(sweep_id, function=globals()[function])

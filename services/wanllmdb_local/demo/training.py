"""The demo's training: a small neural network on scikit-learn's bundled digits.

Nothing here depends on the demo: a user's training script looks like this. As a program, the
module runs one agent: `python -m wanllmdb_local.demo.training SWEEP`.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import wanllmdb as wandb

EPOCHS = 27


@cache
def _digits() -> Any:
    """Return 1,797 images of 8 x 8 pixels, scaled to 0-1; a third of them for validation."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16.0, labels, test_size=1 / 3, random_state=0)


def train() -> None:
    """Train one run with the sweep's parameters, and log the metrics of each epoch."""
    wandb.init()
    config = wandb.config
    train_x, validation_x, train_y, validation_y = _digits()
    model = MLPClassifier(
        hidden_layer_sizes=(config.hidden_units,),
        activation=config.activation,
        learning_rate_init=config.learning_rate,
        batch_size=config.batch_size,
        alpha=config.weight_decay,
        random_state=0,
    )
    for _epoch in range(EPOCHS):
        model.partial_fit(train_x, train_y, classes=range(10))
        accuracy = model.score(validation_x, validation_y)
        wandb.log({"loss": model.loss_, "val_accuracy": accuracy})


if __name__ == "__main__":
    wandb.agent(sys.argv[1], function=train)

"""The demo's trainings: small models of scikit-learn on its bundled digits.

Nothing here depends on the demo: a user's training script looks like this. As a program, the
module runs one agent: `python -m wanllmdb_local.demo.training SWEEP FUNCTION`.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import wanllmdb as wandb

EPOCHS = 27


@cache
def _digits() -> Any:
    """Return 1,797 images of 8 x 8 pixels, scaled to 0-1; a third of them for validation."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16.0, labels, test_size=1 / 3, random_state=0)


def train_network() -> None:
    """Train one neural network, and log the metrics of each epoch."""
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


def train_tree() -> None:
    """Train one decision tree, and log its accuracy and its size."""
    wandb.init()
    config = wandb.config
    train_x, validation_x, train_y, validation_y = _digits()
    model = DecisionTreeClassifier(
        max_depth=config.max_depth,
        min_samples_leaf=config.min_samples_leaf,
        criterion=config.criterion,
        random_state=0,
    ).fit(train_x, train_y)
    accuracy = model.score(validation_x, validation_y)
    wandb.log({"val_accuracy": accuracy, "leaves": int(model.get_n_leaves())})


def train_vectors() -> None:
    """Train one support vector machine, and log its accuracy."""
    wandb.init()
    # Only some kernels have a gamma or a degree.
    settings = dict(wandb.config)
    train_x, validation_x, train_y, validation_y = _digits()
    model = SVC(**settings, random_state=0).fit(train_x, train_y)
    wandb.log({"val_accuracy": model.score(validation_x, validation_y)})


FUNCTIONS = {"network": train_network, "tree": train_tree, "vectors": train_vectors}


if __name__ == "__main__":
    wandb.agent(sys.argv[1], function=FUNCTIONS[sys.argv[2]])

"""A small Keras model on JAX, with the callback for its metrics."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

import wanllmdb as wandb
from wanllmdb.integration.keras import WandbMetricsLogger

inputs = np.linspace(-1, 1, 64).reshape(-1, 1)
targets = 3 * inputs


def train():
    run = wandb.init()
    keras.utils.set_random_seed(run.number)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(run.config.lr), loss="mse")
    history = model.fit(
        inputs,
        targets,
        epochs=3,
        validation_split=0.25,
        verbose=0,
        callbacks=[WandbMetricsLogger()],
    )
    run.summary["kept_val_loss"] = history.history["val_loss"][-1]


sweep_id = wandb.sweep(
    {
        "method": "random",
        "metric": {"name": "epoch/val_loss", "goal": "minimize"},
        "parameters": {"lr": {"values": [0.01, 0.1]}},
    },
    project="keras-on-jax",
)
wandb.agent(sweep_id, train, count=2)

"""Train small models with Keras: `keras_trainings.py FUNCTION=SWEEP ...`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

import wanllmdb as wandb
from wanllmdb.keras import WandbMetricsLogger, WandbModelCheckpoint

X = np.linspace(-1, 1, 32, dtype="float32").reshape(-1, 1)
Y = 3 * X


def fit(*callbacks: keras.callbacks.Callback, rate: object = None, epochs: int = 3) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate or wandb.config.lr), loss="mse", metrics=["mae"])
    model.fit(
        X, Y, epochs=epochs, batch_size=8, verbose=0, validation_data=(X, Y), callbacks=callbacks
    )


@contextmanager
def ended_by_stop(name: str, number: int) -> Iterator[None]:
    """Print on stderr if the stop of a run ended the block."""
    try:
        yield
    except wandb.RunStopped:
        print(f"{name} {number} ended by the stop", file=sys.stderr)
        raise


def epochs() -> None:
    wandb.init()
    fit(WandbMetricsLogger())


def batches() -> None:
    wandb.init()
    fit(WandbMetricsLogger(log_freq=2))


def schedule() -> None:
    wandb.init()
    rate = keras.optimizers.schedules.ExponentialDecay(wandb.config.lr, 4, 0.5)
    fit(WandbMetricsLogger("epoch", 0), rate=rate)


def old_callback() -> None:
    wandb.init()
    fit(wandb.keras.WandbCallback(log_weights=True, save_model=False))


def old_callback_batches() -> None:
    wandb.init()
    fit(wandb.keras.WandbCallback("loss", log_batch_frequency=2, save_model=False))


def saved() -> None:
    run = wandb.init()
    fit(wandb.keras.WandbCallback(), WandbModelCheckpoint("model-{epoch}.keras"), epochs=1)
    keras.models.load_model(f"{run.dir}/model-best.h5", compile=False)
    keras.models.load_model("model-1.keras")


def tables() -> None:
    class Predictions(wandb.keras.WandbEvalCallback):
        def __init__(self) -> None:
            super().__init__(["x", "y"], ["epoch", "x", "prediction"])

        def add_ground_truth(self, logs: object = None) -> None:
            self.data_table.add_data(X[0], Y[0])

        def add_model_predictions(self, epoch: int, logs: object = None) -> None:
            (row,) = self.data_table_ref.data
            self.pred_table.add_data(epoch, row[0], self.model.predict(X[:1], verbose=0))
            assert len(self.pred_table.data) == 1

    wandb.init()
    fit(WandbMetricsLogger(), Predictions())


def stopped() -> None:
    run = wandb.init()
    # Each run is worse than the one before it.
    with ended_by_stop("stopped", run.number):
        fit(WandbMetricsLogger(), rate=0.1 / (1 + 10 * run.number), epochs=8)


def stopped_old() -> None:
    run = wandb.init()
    callback = wandb.keras.WandbCallback(save_model=False)
    with ended_by_stop("stopped_old", run.number):
        fit(callback, rate=0.1 / (1 + 10 * run.number), epochs=8)


if __name__ == "__main__":
    for pair in sys.argv[1:]:
        function, sweep_id = pair.split("=")
        wandb.agent(sweep_id, function=globals()[function])

"""XGBoost and LightGBM on the same data, each with its callback."""

import lightgbm
import numpy as np
import xgboost

import wanllmdb as wandb
from wanllmdb.integration.lightgbm import wandb_callback
from wanllmdb.integration.xgboost import WandbCallback

generator = np.random.default_rng(7)
features = generator.normal(size=(200, 4))
labels = (features[:, 0] + features[:, 1] > 0).astype(int)


def with_xgboost(config):
    train = xgboost.DMatrix(features[:150], labels[:150])
    valid = xgboost.DMatrix(features[150:], labels[150:])
    results = {}
    xgboost.train(
        {"max_depth": config.max_depth, "objective": "binary:logistic", "nthread": 1},
        train,
        num_boost_round=5,
        evals=[(valid, "valid")],
        evals_result=results,
        verbose_eval=False,
        callbacks=[WandbCallback()],
    )
    return results["valid"]["logloss"][-1]


def with_lightgbm(config):
    train = lightgbm.Dataset(features[:150], labels[:150])
    valid = lightgbm.Dataset(features[150:], labels[150:], reference=train)
    booster = lightgbm.train(
        {"max_depth": config.max_depth, "objective": "binary", "verbose": -1, "num_threads": 1},
        train,
        num_boost_round=5,
        valid_sets=[valid],
        valid_names=["valid"],
        callbacks=[wandb_callback()],
    )
    return booster.best_score["valid"]["binary_logloss"]


def main():
    with wandb.init() as run:
        trained = {"xgboost": with_xgboost, "lightgbm": with_lightgbm}[run.config.library]
        loss = trained(run.config)
        wandb.log({"loss": loss})


sweep_id = wandb.sweep(
    {
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "library": {"values": ["xgboost", "lightgbm"]},
            "max_depth": {"values": [2, 3]},
        },
    },
    project="boosted-trees",
)
wandb.agent(sweep_id, main)

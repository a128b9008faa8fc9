"""Train small models with XGBoost and LightGBM: `tree_trainings.py FUNCTION=SWEEP ...`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.linear_model import LogisticRegression

import wanllmdb as wandb
from wanllmdb.integration.lightgbm import log_summary, wandb_callback

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(200, 3))
Y = X[:, 0] + 0.1 * RANDOM.normal(size=200)
IS_POSITIVE = (Y > 0).astype(int)


@contextmanager
def ended_by_stop(name: str, number: int) -> Iterator[None]:
    """Print on stderr if the stop of a run ended the block."""
    try:
        yield
    except wandb.RunStopped:
        print(f"{name} {number} ended by the stop", file=sys.stderr)
        raise


def xgb_regressor(**more: Any) -> xgboost.XGBRegressor:
    model = xgboost.XGBRegressor(max_depth=2, n_jobs=1, **more)
    return model.fit(X[:150], Y[:150], eval_set=[(X[150:], Y[150:])], verbose=False)


def xgb() -> None:
    wandb.init()
    model = xgb_regressor(
        n_estimators=8,
        learning_rate=wandb.config.lr,
        callbacks=[wandb.xgboost.WandbCallback(log_model=True)],
    )
    assert model.get_booster().num_boosted_rounds() == 8


def xgb_early() -> None:
    wandb.init()
    # From the first round on, the values become worse.
    xgb_regressor(
        n_estimators=8,
        learning_rate=2.5,
        early_stopping_rounds=2,
        callbacks=[wandb.xgboost.WandbCallback(log_feature_importance=False)],
    )


def xgb_cv() -> None:
    wandb.init()
    xgboost.cv(
        {"objective": "binary:logistic", "eval_metric": ["auc", "error@0.7"], "nthread": 1},
        xgboost.DMatrix(X, IS_POSITIVE),
        num_boost_round=3,
        callbacks=[wandb.xgboost.WandbCallback()],
    )


def xgb_stopped() -> None:
    run = wandb.init()
    with ended_by_stop("xgb_stopped", run.number):
        xgb_regressor(
            n_estimators=8,
            learning_rate=0.3 / (1 + 10 * run.number),
            callbacks=[wandb.xgboost.WandbCallback()],
        )


def lgb_data(labels: Any = Y) -> lightgbm.Dataset:
    return lightgbm.Dataset(X[:150], labels[:150])


def lgb_train(rounds: int, *callbacks: Any, **params: Any) -> lightgbm.Booster:
    data = lgb_data()
    params = {"objective": "regression", "num_threads": 1, "verbosity": -1, **params}
    return lightgbm.train(
        params,
        data,
        num_boost_round=rounds,
        valid_sets=[data.create_valid(X[150:], Y[150:])],
        valid_names=["valid"],
        callbacks=list(callbacks),
    )


def lgb() -> None:
    run = wandb.init()
    early = lightgbm.early_stopping(100, verbose=False)
    log_summary(lgb_train(8, wandb_callback(), early), save_model_checkpoint=True)
    assert run.config["objective"] == "regression"


def lgb_cv() -> None:
    wandb.init()
    lightgbm.cv(
        {"objective": "binary", "num_threads": 1, "verbosity": -1},
        lgb_data(IS_POSITIVE),
        num_boost_round=3,
        nfold=2,
        callbacks=[wandb.lightgbm.wandb_callback(log_params=False)],
    )


def lgb_stopped() -> None:
    run = wandb.init()
    with ended_by_stop("lgb_stopped", run.number):
        lgb_train(8, wandb_callback(), learning_rate=0.3 / (1 + 10 * run.number))


def plots() -> None:
    wandb.init()
    model = LogisticRegression().fit(X, IS_POSITIVE)
    for _ in range(2):
        wandb.sklearn.plot_classifier(
            model, X, X, IS_POSITIVE, IS_POSITIVE, IS_POSITIVE, IS_POSITIVE, ["no", "yes"]
        )
    wandb.sklearn.plot_roc(IS_POSITIVE, model.predict_proba(X), labels=["no", "yes"])
    wandb.log({"accuracy": model.score(X, IS_POSITIVE)})


if __name__ == "__main__":
    for pair in sys.argv[1:]:
        function, sweep_id = pair.split("=")
        wandb.agent(sweep_id, function=globals()[function])

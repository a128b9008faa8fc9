"""Real tunings on data that comes with scikit-learn: a random forest and a support vector machine.

The value to minimize is a loss by cross-validation, the same for the same parameters.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tests.benchmarks.functions import Function, Point
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Parameter,
    SearchSpace,
    Uniform,
)

FOLDS = 3
# The first samples of the digits; all of them take five times as long.
DIGITS = 360


# Each call of these reads and parses a file.
_breast_cancer = cache(partial(load_breast_cancer, return_X_y=True))
_digits = cache(partial(load_digits, return_X_y=True))


def _loss(estimator: Any, data: tuple[Any, Any], scoring: str) -> float:
    """Return the negative of the mean score."""
    return -float(cross_val_score(estimator, *data, cv=FOLDS, scoring=scoring).mean())


def _forest(p: Point) -> float:
    forest = RandomForestClassifier(
        n_estimators=p["n_estimators"],
        max_depth=p["max_depth"],
        min_samples_leaf=p["min_samples_leaf"],
        max_features=p["max_features"],
        criterion=p["criterion"],
        random_state=0,
    )
    return _loss(forest, _breast_cancer(), "neg_log_loss")


def _svm(p: Point) -> float:
    machine = SVC(
        C=p["C"], gamma=p["gamma"], kernel=p["kernel"], degree=p.get("degree", 3), max_iter=2_000
    )
    samples, labels = _digits()
    scaled = make_pipeline(StandardScaler(), machine)
    return _loss(scaled, (samples[:DIGITS], labels[:DIGITS]), "accuracy")


# The least values are not known; no loss is below these.
TUNINGS = (
    Function(
        "A random forest",
        SearchSpace(
            (
                Parameter("criterion", Categorical(("gini", "entropy"))),
                Parameter("max_depth", IntLogUniform(1, 16)),
                Parameter("max_features", Uniform(0.05, 1.0)),
                Parameter("min_samples_leaf", IntLogUniform(1, 64)),
                Parameter("n_estimators", IntUniform(2, 12)),
            )
        ),
        _forest,
        0.0,
    ),
    Function(
        "A support vector machine",
        SearchSpace(
            (
                Parameter("C", LogUniform(1e-3, 1e3)),
                Parameter("degree", IntUniform(2, 5), (Condition("kernel", ("poly",)),)),
                Parameter("gamma", LogUniform(1e-6, 1e1)),
                Parameter("kernel", Categorical(("linear", "poly", "rbf", "sigmoid"))),
            )
        ),
        _svm,
        -1.0,
    ),
)

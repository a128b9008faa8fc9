"""The demo's sweeps: one runs in every demo, the others in a demo that keeps them."""

from __future__ import annotations

from typing import Any, NamedTuple


class DemoSweep(NamedTuple):
    """A sweep's config, and the function of `training` that runs its trials."""

    config: dict[str, Any]
    function: str

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that the sweep optimizes."""
        metrics = self.config["metrics"] if "metrics" in self.config else [self.config["metric"]]
        return tuple(metric["name"] for metric in metrics)


_ACCURACY = {"name": "val_accuracy", "goal": "maximize"}

NETWORK = DemoSweep(
    {
        "name": "digits",
        "description": "A neural network: bayes with hyperband",
        "method": "bayes",
        "metric": _ACCURACY,
        "parameters": {
            "learning_rate": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
            "hidden_units": {"distribution": "log_uniform", "min": 8, "max": 128},
            "batch_size": {"values": [16, 32, 64, 128]},
            "activation": {"values": ["relu", "tanh", "logistic"]},
            "weight_decay": {"distribution": "log_uniform", "min": 0.000001, "max": 0.1},
        },
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3},
        "run_cap": 40,
    },
    "network",
)

TREE = DemoSweep(
    {
        "name": "digits-tree",
        "description": "A decision tree: random with two metrics, accuracy and size",
        "method": "random",
        "metrics": [_ACCURACY, {"name": "leaves", "goal": "minimize"}],
        "parameters": {
            "max_depth": {"min": 2, "max": 16},
            "min_samples_leaf": {"distribution": "log_uniform", "min": 1, "max": 64},
            "criterion": {"values": ["gini", "entropy"]},
        },
        "run_cap": 30,
    },
    "tree",
)

VECTORS = DemoSweep(
    {
        "name": "digits-vectors",
        "description": "A support vector machine: grid with conditional parameters",
        "method": "grid",
        "metric": _ACCURACY,
        "parameters": {
            "C": {"values": [0.1, 1.0, 10.0]},
            "kernel": {"values": ["linear", "rbf", "poly"]},
            "gamma": {"values": [0.01, 0.03, 0.1], "when": {"kernel": "rbf"}},
            "degree": {"values": [2, 3], "when": {"kernel": "poly"}},
        },
    },
    "vectors",
)

KEPT = (NETWORK, TREE, VECTORS)

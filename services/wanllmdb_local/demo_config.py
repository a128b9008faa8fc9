"""What the demo's sweep searches: the form is that of W&B sweeps."""

from __future__ import annotations

from typing import Any

SWEEP_CONFIG: dict[str, Any] = {
    "name": "digits",
    "method": "bayes",
    "metric": {"name": "val_accuracy", "goal": "maximize"},
    "parameters": {
        "learning_rate": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
        "hidden_units": {"distribution": "log_uniform", "min": 8, "max": 128},
        "batch_size": {"values": [16, 32, 64, 128]},
        "activation": {"values": ["relu", "tanh", "logistic"]},
        "weight_decay": {"distribution": "log_uniform", "min": 0.000001, "max": 0.1},
    },
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3},
    "run_cap": 40,
}

"""The words of a config: its keys and the names of distributions."""

from __future__ import annotations

TOP_LEVEL_KEYS = (
    "method",
    "metric",
    "metrics",
    "parameters",
    "constraints",
    "sampler",
    "early_terminate",
    "pruner",
    "terminate",
    "run_cap",
    "max_failed_runs",
    "retries",
    "seed",
    "name",
    "description",
    "project",
    "program",
    "command",
    "args_style",
)

# Keys of W&B's sweep files that have no meaning here, and why.
_NO_LAUNCH = "there is no W&B Launch here"
IGNORED_KEYS = {
    "entity": "there are no entities here",
    "apiVersion": "there is one form of configs",
    "kind": "a config is always a sweep's",
    "controller": "runs are always chosen by the suggestion service",
    "settings": _NO_LAUNCH,
    "imageuri": f"{_NO_LAUNCH}: start agents in that image",
    "image_uri": f"{_NO_LAUNCH}: start agents in that image",
    "job": f"{_NO_LAUNCH}: start agents with `wanllmdb agent SWEEP -- COMMAND`",
    "queue": _NO_LAUNCH,
    "launch": _NO_LAUNCH,
    "resource": _NO_LAUNCH,
    "resource_args": _NO_LAUNCH,
    "scheduler": "runs are always chosen by the suggestion service",
    **dict.fromkeys(
        ("count", "runs", "max_runs", "num_runs", "n_runs", "n_trials", "max_trials"),
        "run_cap limits how many runs there are",
    ),
}

# Keys that would change the sweep if they were left out, and where their meaning belongs.
MISPLACED_KEYS = {
    "prior_runs": "prior runs are given when a sweep is created, beside its config",
    **dict.fromkeys(
        (
            "goal",
            "target",
            "impute",
            "impute_while_running",
            "direction",
            "objective",
            "metric_name",
        ),
        "belongs to the metric: write metric: {name: ..., goal: ...}",
    ),
    **dict.fromkeys(
        ("min_iter", "max_iter", "eta", "strict", "early_stopping", "early_stop"),
        "belongs to early termination: write early_terminate: {type: hyperband, min_iter: ...}",
    ),
    **dict.fromkeys(
        ("param", "params", "hyperparameters", "search_space", "space", "values", "distribution"),
        "belongs to the parameters: write parameters: {NAME: {values: [...]}}",
    ),
    "options": "belongs to an algorithm: write sampler: {name: ..., options: {...}}",
    "retry": "is written retries: {lost: ..., failed: ...}",
}

_RANGE = ("min", "max", "q")
_NORMAL = ("mu", "sigma", "q")
_BETA = ("a", "b", "q")

# Each distribution with the keys that it takes.
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "constant": ("value",),
    "categorical": ("values",),
    "categorical_w_probabilities": ("values", "probabilities"),
    "int_uniform": _RANGE,
    "uniform": _RANGE,
    "q_uniform": _RANGE,
    "log_uniform": _RANGE,
    "log_uniform_values": _RANGE,
    "inv_log_uniform_values": _RANGE,
    "q_log_uniform_values": _RANGE,
    "normal": _NORMAL,
    "q_normal": _NORMAL,
    "log_normal": _NORMAL,
    "q_log_normal": _NORMAL,
    "beta": _BETA,
    "q_beta": _BETA,
}

# Names of W&B's whose bounds are exponents: e to the bound, or to minus the bound.
EXPONENT_DISTRIBUTIONS = {"q_log_uniform": 1, "inv_log_uniform": -1}

# Other names that may be looked for, and what to write instead.
OTHER_DISTRIBUTIONS = {
    "int_log_uniform": "is written log_uniform with integers as min and max",
    "q_int_uniform": "is written int_uniform with q",
}

DISTRIBUTION_KEYS = (
    "distribution",
    "value",
    "values",
    "probabilities",
    "min",
    "max",
    "q",
    "mu",
    "sigma",
    "a",
    "b",
)
PARAMETER_KEYS = (*DISTRIBUTION_KEYS, "when")
GROUP_KEYS = ("parameters", "when")

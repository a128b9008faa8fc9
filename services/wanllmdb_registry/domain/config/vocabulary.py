"""The words of a config: its keys, and the names of distributions."""

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

# Keys of W&B's sweep files that have no effect here, and why.
_NO_LAUNCH = "W&B Launch does not exist here"
IGNORED_KEYS = {
    "entity": "entities do not exist here",
    "apiVersion": "configs have one form only",
    "kind": "a config always describes a sweep",
    "controller": "the suggestion service always chooses the runs",
    "settings": _NO_LAUNCH,
    "imageuri": f"{_NO_LAUNCH}: start agents in that image",
    "image_uri": f"{_NO_LAUNCH}: start agents in that image",
    "job": f"{_NO_LAUNCH}: start agents with `wanllmdb agent SWEEP -- COMMAND`",
    "queue": _NO_LAUNCH,
    "launch": _NO_LAUNCH,
    "resource": _NO_LAUNCH,
    "resource_args": _NO_LAUNCH,
    "scheduler": "the suggestion service always chooses the runs",
    **dict.fromkeys(
        ("count", "runs", "max_runs", "num_runs", "n_runs", "n_trials", "max_trials"),
        "run_cap limits the number of runs",
    ),
}

# Keys that are rejected, since the sweep would change if they were ignored, and where they belong.
MISPLACED_KEYS = {
    "prior_runs": "prior runs are not part of the config: give them when the sweep is created",
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
    "retry": "unknown key: write retries: {lost: ..., failed: ...}",
}

_RANGE = ("min", "max", "q")
_NORMAL = ("mu", "sigma", "q")
_BETA = ("a", "b", "q")

# The distributions, each with its keys.
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

# W&B's distributions whose bounds are exponents: e to the bound, or e to minus the bound.
EXPONENT_DISTRIBUTIONS = {"q_log_uniform": 1, "inv_log_uniform": -1}

# Names that do not exist, and what to write instead.
OTHER_DISTRIBUTIONS = {
    "int_log_uniform": "does not exist: write log_uniform with integers as min and max",
    "q_int_uniform": "does not exist: write int_uniform with q",
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

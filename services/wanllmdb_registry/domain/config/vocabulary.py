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

# Keys of W&B's sweep files that have no meaning here.
REFUSED_KEYS = {
    "entity": "there are no entities here: leave it out",
    "controller": "runs are always chosen by the suggestion service: leave it out",
    "settings": "there is no W&B Launch here: leave it out",
    "imageuri": "there is no W&B Launch here: leave it out, and start agents in that image",
    "image_uri": "there is no W&B Launch here: leave it out, and start agents in that image",
    "job": "there is no W&B Launch here: leave it out, and start agents with `wanllmdb agent`",
    "launch": "there is no W&B Launch here: leave it out",
    "scheduler": "there is no W&B Launch here: leave it out",
    "prior_runs": "prior runs are given when a sweep is created, beside its config",
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

# Names that somebody may look for, and what to write instead.
OTHER_DISTRIBUTIONS = {
    "q_log_uniform": "takes exponents in W&B; write q_log_uniform_values, whose min and max are "
    "the values themselves: 0.001, not -6.9",
    "inv_log_uniform": "takes exponents in W&B; write log_uniform, whose min and max are the "
    "values themselves: 0.001, not -6.9",
    "int_log_uniform": "is written log_uniform with integers as min and max",
    "q_int_uniform": "is written int_uniform with q",
}

LAW_KEYS = (
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
PARAMETER_KEYS = (*LAW_KEYS, "when")
GROUP_KEYS = ("parameters", "when")
